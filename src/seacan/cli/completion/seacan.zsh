#compdef seacan
# Completion for zsh: asks seacan itself, with the words up to the cursor.

_seacan() {
    local out directive line name text
    local -a lines found
    out=$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
    lines=("${(@f)out}")
    directive=${lines[-1]#:}
    (( directive & 1 )) && return 1
    for line in "${(@)lines[1,-2]}"; do
        [[ -n $line ]] || continue
        name=${line%%$'\t'*} text=""
        [[ $line == *$'\t'* ]] && text=${line#*$'\t'}
        found+=("${name//:/\\:}${text:+:$text}")
    done
    # Of --flag=value, only the value is to be completed.
    [[ $PREFIX == -*=* ]] && compset -P '*='
    if (( directive & 2 )); then
        _describe 'seacan' found -S ''
    elif (( ${#found} )); then
        _describe 'seacan' found
    fi
    if (( directive & 16 )); then
        _files -/
    elif ! (( directive & 4 )); then
        _files
    fi
}

# Sourced, it says by itself what it completes; from a directory of fpath, it is the function.
if [[ ${funcstack[1]} == _seacan ]]; then
    _seacan "$@"
else
    compdef _seacan seacan
fi
