# A Markdown table of lines `what,n,figure...`: a row for each what and n, with the median of each figure, and for the first
# one its least and greatest. The first line is the old headings; -v headings='A | B' has the new ones.
BEGIN {
    FS = ","
    split("stack=bide, tasks that sleep;scheduled=bide, scheduled tasks;wait_n=bide_wait_n;task_wait_n=bide_task_wait_n;asio=Boost.Asio, timers;go=Go, goroutines;" \
          "asyncio=Python asyncio, tasks;thread=one thread, default timer slack;thread-least-slack=one thread, least slack", pairs, ";")
    for (i in pairs) {
        split(pairs[i], pair, "=")
        title[pair[1]] = pair[2]
    }
    print "| | tasks | " headings " |"
    gsub(/[^|]+/, "---:", headings)
    print "|---|---:|" headings "|"
}

NR > 1 {
    row = $2 " " $1
    if (!(row in count))
        order[++rows] = row
    count[row]++
    for (i = 3; i <= NF; i++)
        figure[row, i, count[row]] = $i
    columns = NF
}

function sort(row, column,    i, j, moved) {
    for (i = 2; i <= count[row]; i++)
        for (j = i; j > 1 && figure[row, column, j] + 0 < figure[row, column, j - 1] + 0; j--) {
            moved = figure[row, column, j]
            figure[row, column, j] = figure[row, column, j - 1]
            figure[row, column, j - 1] = moved
        }
}

END {
    for (r = 1; r <= rows; r++) {
        row = order[r]
        split(row, name, " ")
        line = "| " title[name[2]] " | " name[1]
        for (i = 3; i <= columns; i++) {
            sort(row, i)
            line = line " | " figure[row, i, int((count[row] + 1) / 2)]
            if (i == 3 && count[row] > 1)
                line = line " (" figure[row, i, 1] " – " figure[row, i, count[row]] ")"
        }
        print line " |"
    }
}
