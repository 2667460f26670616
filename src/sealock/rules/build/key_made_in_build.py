from __future__ import annotations

from sealock.model.build import Run
from sealock.model.shell import Command
from sealock.rules.build._commands import known, line
from sealock.rules.build._ran import once_each, ran, reaches_image
from sealock.rules.downloads import option_text
from sealock.rules.kit import Build, Confidence, Final, Iterator, Rule, RuleFinding, Severity, cis_docker, cwe

_LONGEST: Final = 300
"""Characters of a file name that are compared."""


class KeyMadeInBuild(Rule[Build]):
    """Private key is generated in the build.

    The key is the same in every container of the image, and everyone who can pull the image has it: they can decrypt
    the traffic or impersonate the server. Generate keys when the container first starts, or pass them as secrets.
    """

    id = "B065"
    keywords = ("private key", "openssl", "ssh-keygen")
    severity = Severity.MEDIUM
    confidence = Confidence.MEDIUM
    references = (cis_docker("4.10"), cwe(321))
    remedy = "Generate the key when the container starts, or mount it as a secret."
    fixable = False
    bad = (
        "FROM debian:12\nRUN ssh-keygen -A\n",
        "FROM debian:12\nRUN ssh-keygen -t ed25519 -N '' -f /root/.ssh/id_ed25519\n",
        (
            "FROM debian:12\n"
            "RUN openssl req -x509 -newkey rsa:4096 -nodes -keyout /etc/ssl/k.pem -out /etc/ssl/c.pem -subj /CN=x\n"
        ),
        "FROM debian:12\nRUN openssl genrsa -out /etc/ssl/k.pem 4096\n",
    )
    good = (
        "FROM debian:12\nRUN ssh-keygen -R github.com && ssh-keygen -lf k.pub && openssl dgst -sha256 x\n",
        "FROM debian:12 AS t\nRUN openssl genrsa -out k.pem 4096\nFROM debian:12\n",
        "FROM debian:12\nRUN openssl genrsa -out k.pem 4096 && make test && rm k.pem\n",
    )

    def check(self, build: Build, /) -> Iterator[RuleFinding]:
        reaching = reaches_image(build)
        removed = once_each(_removed)
        for call in ran(build, "ssh-keygen", "openssl", "wg", "certtool", "mkcert", "keytool", "dropbearkey"):
            file = _makes(call.command)
            if file is None or call.stage.index not in reaching:
                continue
            if _parts(file).isdisjoint(removed(call)):
                what = f"generates the private key {file}" if file else "generates a private key"
                yield self.finding(
                    f"{what} that stays in the image",
                    call.at,
                    place=known(call.command.place),
                    evidence=line(call.command),
                )


def _removed(run: Run) -> set[str]:
    """The last path parts that the RUN removes: "id_" for /root/.ssh/id_*, "" for the contents of a directory."""
    return {
        word.text.rpartition("/")[2].rstrip("*")
        for command in run.script.commands()
        if command.name in {"rm", "shred"}
        for word in command.words[1:]
    }


def _parts(file: str) -> set[str]:
    """The names of a file and its parent directories, and all their prefixes."""
    names = file[:_LONGEST].split("/") if file else []
    return {name[:length] for name in names for length in range(len(name) + 1)}


def _makes(command: Command) -> str | None:
    """The file of the key that a command generates ("" if unnamed), or None if it generates none."""
    words = command.arguments
    match command.name:
        case "ssh-keygen":
            asks = {"-l", "-R", "-F", "-y", "-e", "-i", "-H", "-B", "-Y", "-D", "-k", "-Q", "-p"} & {
                word[:2] for word in words
            }
            return None if asks or "-s" in words else _file_of(command, "-f")
        case "openssl":
            if words[:1] in {("genrsa",), ("genpkey",), ("gendsa",), ("ecparam",)}:
                return None if words[0] == "ecparam" and "-genkey" not in words else _file_of(command, "-out")
            return (
                _file_of(command, "-keyout")
                if words[:1] == ("req",) and {"-newkey", "-new"} & set(words) and "-key" not in words
                else None
            )
        case "wg":
            return "" if words[:1] == ("genkey",) else None
        case "keytool":
            return _file_of(command, "-keystore") if {"-genkey", "-genkeypair"} & set(words) else None
        case "certtool":
            return _file_of(command, "--outfile") if "--generate-privkey" in words or "-p" in words else None
        case "mkcert":
            return None if words[:1] in {("-install",), ("-version",)} else _file_of(command, "-key-file")
        case _:
            return None if "-y" in words else _file_of(command, "-f")


def _file_of(command: Command, option: str) -> str:
    return option_text(command, option) or ""
