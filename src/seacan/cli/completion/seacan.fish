# Completion for fish: asks seacan itself, with the words up to the cursor.

function __seacan_complete
    set -l before (commandline -opc)
    set -l word (commandline -ct)
    set -l lines (command $before[1] __complete $before[2..-1] "$word" 2>/dev/null)
    or return
    set -l directive (string sub -s 2 -- $lines[-1])
    test (math "bitand($directive, 1)") -eq 0
    or return
    # Of --flag=value, fish completes the whole word.
    set -l flag (string match -r -- '^-[^=]*=' "$word")
    for line in $lines[1..-2]
        printf '%s\n' "$flag$line"
    end
    if test (math "bitand($directive, 16)") -ne 0
        __fish_complete_directories (string replace -- "$flag" '' "$word")
    else if test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path (string replace -- "$flag" '' "$word")
    end
end

complete -c seacan -e
complete -c seacan -f -a '(__seacan_complete)'
