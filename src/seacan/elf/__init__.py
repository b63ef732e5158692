"""Three programs that are not Python's, assembled by a small assembler of our own.

They are static ELF executables of at most some thousand bytes, written in a dozen instructions that
exist on every machine; so a program is written once, and no binary is kept in the repository.

In reading order: assembly.py (the instructions, labels), amd64.py and arm64.py (how each machine
encodes them), executable.py (the ELF file around the code), hello.py (the program of the image
hello-world), init.py (pid 1 of a container started with --init), first_stage.py (the executable
`seacan-runtime`), programs.py (program()).
"""
