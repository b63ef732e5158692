# Completion for PowerShell: asks seacan itself, with the words up to the cursor.

Register-ArgumentCompleter -Native -CommandName seacan -ScriptBlock {
    param($word, $ast, $position)
    $words = @($ast.CommandElements | Where-Object { $_.Extent.StartOffset -lt $position } |
        ForEach-Object { $_.Extent.Text })
    $program, $before = $words
    $before = @($before)
    if ($word -eq '') {
        # Before 7.3, and with its old way of passing arguments, an empty one would be left out.
        $is_passed = $PSVersionTable.PSVersion -ge [version]'7.3' -and
            $PSNativeCommandArgumentPassing -ne 'Legacy'
        $before += if ($is_passed) { '' } else { '""' }
    }
    $lines = @(& $program __complete @before 2>$null)
    if ($lines.Count -eq 0) { return }
    $directive = [int]($lines[-1].TrimStart(':'))
    if ($directive -band 1) { return }
    $flag = if ($word -match '^(-[^=]*=)') { $Matches[1] } else { '' }
    $found = @($lines | Select-Object -SkipLast 1 | Where-Object { $_ })
    foreach ($line in $found) {
        $name, $text = $line -split "`t", 2
        if (-not $text) { $text = $name }
        [System.Management.Automation.CompletionResult]::new(
            "$flag$name", $name, 'ParameterValue', $text)
    }
    # No file names: an empty answer keeps PowerShell from adding them.
    if ($found.Count -eq 0 -and ($directive -band 4)) { '' }
}
