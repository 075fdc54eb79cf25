# arguments.sh USAGE COMMAND…: --help shows that line and a sentence; arguments that do not fit it are refused.
# shellcheck disable=SC2086 # $rest is several arguments
. "$(dirname "$0")/lib.sh"

usage=$1
shift
for program; do :; done
name=${program##*/}

succeeds "$@" --help
[ "$(sed -n 1p "$work/out")" = "$usage" ] || fail "it is not '$usage'"
[ "$(wc -l <"$work/out")" -eq 2 ] || fail "--help is not a usage line and a sentence"
sed -n 2p "$work/out" | grep -q '^[A-Z].*\.$' || fail "the second line of --help is no sentence"

if [ -w /dev/full ]; then
    status=0
    "$@" --help >/dev/full 2>"$work/errors" || status=$?
    without_valgrind
    complains 1 "$name"
fi

refuses() {
    run "$@"
    complains 2 "$name"
    [ ! -s "$work/out" ] || fail "output beside the complaint about: $*"
}

# refuses_values_of KIND COMMAND…: try what does not fit that kind of argument, with all that it needs around it.
refuses_values_of() {
    case $1 in
    W) values='0 -1 1.5 4294967296' ;;
    N) values='-1 1.5 4294967296' ;;
    S) values='-1 1.5 18446744073709551616' ;;
    *) values='-1 -0.5 nan -nan inf -inf 1e999 1,5' ;;
    esac
    shift
    for value in $values x 1x 1e --; do
        refuses "$@" "$value" $rest
    done
    refuses "$@" '' $rest
    refuses "$@" ' 1' $rest
    refuses "$@" "$(printf '1\n2')" $rest
}

# What has to follow an option, and then what is left of it after each argument; no delays, lest something waits.
set -f
words=${usage#usage: "$name"}
rest=
for word in $(printf '%s' "$words" | sed 's/\[--[^]]*\]//g'); do
    case $word in N | '[N]') rest="$rest 1" ;; *) rest="$rest 0" ;; esac
done

refuses "$@" --nonsense $rest
refuses "$@" -x $rest
refuses "$@" --help-me $rest
refuses "$@" "$(printf -- '--two\nlines')" $rest
case $usage in *...) ;; *) refuses "$@" $rest 1 ;; esac

option=
for word in $words; do
    case $word in
    \[--*]) # a flag
        option=${word#?}
        refuses "$@" "${option%?}=1" $rest
        option=
        ;;
    *--*)
        option=${word#?}
        refuses "$@" $rest "$option"
        refuses "$@" "${option%?}" 1 $rest
        refuses "$@" "$option=1" $rest
        ;;
    *...) refuses "$@" ;;
    *)
        if [ -n "$option" ]; then
            refuses_values_of "${word%?}" "$@" "$option"
            option=
        else
            case $word in *]) ;; *) refuses "$@" ;; esac
            valid=${rest# }
            valid=${valid%% *}
            rest=${rest#* "$valid"}
            refuses_values_of "$(printf '%s' "$word" | tr -d '[]')" "$@"
            set -- "$@" "$valid"
        fi
        ;;
    esac
done
