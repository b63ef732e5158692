# Completion for bash: asks seacan itself, with the words up to the cursor.

_seacan_complete() {
    local cur prev words cword out directive word
    if declare -F _get_comp_words_by_ref >/dev/null; then
        _get_comp_words_by_ref -n "=:" cur prev words cword
    else
        # Without bash-completion: = and : break COMP_WORDS, and quotes are nothing special here.
        out=${COMP_LINE:0:COMP_POINT}
        read -ra words <<<"$out"
        [[ $out == *[[:space:]] ]] && words+=("")
        cword=$((${#words[@]} - 1)) cur=${words[cword]}
    fi
    COMPREPLY=()
    out=$("${words[0]}" __completeNoDesc "${words[@]:1:cword}" 2>/dev/null) || return
    directive=${out##*:} out=${out%:*}
    ((directive & 1)) && return
    # Of --flag=value, only the value is to be completed.
    [[ $cur == -*=* ]] && cur=${cur#*=}
    while IFS= read -r word; do
        [[ -n $word && $word == "$cur"* ]] && COMPREPLY+=("$word")
    done <<<"$out"
    if ((directive & 16)); then
        compopt -o dirnames -o plusdirs 2>/dev/null
    elif ! ((directive & 4)); then
        compopt -o default 2>/dev/null
    fi
    ((directive & 2)) && compopt -o nospace 2>/dev/null
    # A colon breaks words: what is before it stands there already.
    if [[ $cur == *:* && $COMP_WORDBREAKS == *:* ]]; then
        word=${cur%"${cur##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$word"}")
    fi
    return 0
}

complete -F _seacan_complete seacan
