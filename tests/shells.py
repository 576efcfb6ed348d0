"""Real shells, asked what they would complete: each line in turn, as if Tab followed it."""

import os
import subprocess
from pathlib import Path

PATIENCE = 100  # s, for a busy machine
END = "--end--"  # after what is offered for one line

BASH = """
source $ASKED/_flowctl
while read -r line; do
  eval "COMP_WORDS=(${line%?})"
  [[ $line == *' |' ]] && COMP_WORDS+=('')
  COMP_CWORD=$((${#COMP_WORDS[@]} - 1)) COMP_LINE=${line%?} COMP_POINT=$((${#line} - 1))
  COMPREPLY=()
  _shtab_flowctl
  printf '%s\\n' "${COMPREPLY[@]}" $END
done < $ASKED/lines
"""
FISH = """
source $ASKED/_flowctl
while read line
  complete -C (string sub --end -1 -- $line)
  echo $END
end < $ASKED/lines
"""
# zsh completes only what is typed in a terminal, so it gets one. What its completion functions hand
# to `compadd` is what it offers.
ZSH = """
zmodload zsh/zpty
zpty inside zsh -f -i
zpty -w inside 'source $ASKED/inside'
zpty -w -n inside $'\\C-x'
while zpty -r inside line; do :; done 2>/dev/null
cat $ASKED/told
"""
INSIDE = """
fpath=($ASKED $fpath)
autoload -U compinit; compinit -D -u
compadd() {
  (( ${@[(I)-[OAD]*]} )) && { builtin compadd "$@"; return }
  local -a hits; builtin compadd -A hits "$@"
  (( $#hits )) && print -rl -- $hits >> $ASKED/told
  builtin compadd "$@"
}
quietly() { compstate[list]= compstate[insert]= }
ask() {
  for line in "${(@f)$(<$ASKED/lines)}"; do
    BUFFER=${line%?} CURSOR=$(($#line - 1)) comppostfuncs=(quietly)
    zle complete-word
    print -r -- $END >> $ASKED/told
  done
  exit
}
zle -N ask
bindkey '^X' ask
"""
HOW = {
    "bash": ["bash", "--norc", "-c", BASH],
    "fish": ["fish", "--no-config", "-c", FISH],
    "zsh": ["zsh", "-f", "-c", ZSH],
}


def offered(shell: str, script: str, house: Path, own: Path, *lines: str) -> list[list[str]]:
    """What a shell that stands in a house offers at the `|` that ends each line.

    All as bash would say it: without explanations, folders without a slash, paths in whole.
    """
    for name, text in (
        ("_flowctl", script),
        ("lines", "\n".join(lines) + "\n"),
        ("inside", INSIDE),
    ):
        (own / name).write_text(text)
    env = os.environ | {"ASKED": str(own), "END": END, "HOME": str(own), "TERM": "vt100"}
    told = subprocess.run(
        HOW[shell], cwd=house, env=env, capture_output=True, text=True, timeout=PATIENCE, check=True
    )
    parts = told.stdout.split(f"{END}\n")[:-1]
    return [
        [_plain(word, line) for word in part.splitlines() if word]
        for line, part in zip(lines, parts, strict=True)
    ]


def _plain(word: str, line: str) -> str:
    word = word.partition("\t")[0].replace("\\ ", " ").removesuffix("/")
    folder = line.rpartition(" ")[2].rpartition("/")[0]
    return word if not folder or word.startswith(folder) else f"{folder}/{word}"
