"""What a shell may put in place of the word before its cursor.

In reading order: question (from the words of a line to what is asked for), candidates (names of
containers, images, …; words that flags take), answer (cobra's protocol: `seacan __complete WORD…`),
and a script for each shell, which `seacan completion SHELL` prints.
"""
