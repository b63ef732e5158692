"""The two programs that seacan puts into containers, assembled by a small assembler of our own.

Both are static ELF executables of some hundred bytes, written in a dozen instructions that exist
on every machine; so a program is written once, and no binary is kept in the repository.

In reading order: assembly.py (the instructions, labels), amd64.py and arm64.py (how each machine
encodes them), executable.py (the ELF file around the code), hello.py (the program of the image
hello-world), init.py (pid 1 of a container started with --init), programs.py (program()).
"""
