"""Seccomp: linux.seccomp of config.json becomes a classic BPF program, and the kernel runs it.

policy.py (the rules, judged: which answer each call gets), syscall_numbers.py (names to numbers),
assembler.py (classic BPF, written from its end), compile.py (the answers as a program), load.py,
listener.py (calls that an agent answers: the descriptor on its way there).
"""
