# Check what wait_n shows: n lines, the same n delays in the list, and sums that follow from them.
# ascending: the list must be; gap: what the delays must be apart at least for that to be asked; sequential.
# The exit status is 2 where all is right but the order, or they were not at once.
function complain(text) { print text; bad = 1 }
function near(a, b, error) { return a - b <= error && b - a <= error }

/^wait [0-9]+: [0-9]+\.[0-9]+ s$/ {
    if (seen[$2]++)
        complain("shown twice: " $0)
    if (listed)
        complain("shown after the list: " $0)
    shown[++lines] = $3
    next
}
/^\[.*\]$/ {
    gsub(/[][]/, "")
    listed = split($0, list, ", ")
    next
}
/^total [0-9]+\.[0-9]+ s$/ { total = $2; next }
/^sum [0-9]+\.[0-9]+ s$/ { sum = $2; next }
/^speed-up [0-9]+\.[0-9]+$/ { speed_up = $2; next }
{ complain("unexpected: " $0) }

END {
    if (lines != n || listed != n)
        complain(lines " lines and " listed " delays instead of " n)
    for (i = 1; i <= n; i++) {
        if (shown[i] != list[i])
            complain("line " i " says " shown[i] ", the list " list[i])
        if (list[i] < 0 || list[i] > max_delay)
            complain("not from 0 to " max_delay ": " list[i])
        if (ascending && i > 1 && list[i] < list[i - 1])
            disorder = 2
        if (ascending && i > 1 && near(list[i], list[i - 1], gap))
            complain("too close to tell their order, choose another seed: " list[i - 1] ", " list[i])
        if (list[i] > longest)
            longest = list[i]
        added += list[i]
    }
    rounding = 0.0006
    if (!near(sum, added, (n + 1) * rounding))
        complain("sum " sum " instead of " added)
    if (total < longest - rounding)
        complain("total " total ", but one waited " longest)
    if (sequential && total < sum - rounding)
        complain("sequential, but total " total " is less than sum " sum)
    if (ascending && total >= sum)
        disorder = 2
    if (!near(speed_up, sum / total, 0.006 + speed_up * 2 * rounding / total))
        complain("speed-up " speed_up ", but sum / total is " sum / total)
    exit bad ? 1 : disorder
}
