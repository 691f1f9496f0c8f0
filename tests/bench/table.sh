# The table of figures. shellcheck shell=sh

header() {
    printf '%-46s %9s  %-8s %-4s %s\n' measure figure goal met 'as measured'
}

# row MEASURE FIGURE GOAL DETAIL: GOAL is "<= N", ">= N" or nothing
row() {
    met_=$(echo "$2 $3" | awk 'NF < 3 || $1 == "?" {next} {print ($2 == "<=" ? $1 <= $3 : $1 >= $3) ? "yes" : "NO"}')
    printf '%-46s %9s  %-8s %-4s %s\n' "$1" "$2" "$3" "$met_" "$4"
}

# no_row MEASURE GOAL WHY
no_row() {
    printf '%-46s %9s  %-8s %-4s %s\n' "$1" '?' "$2" '?' "$3"
}
