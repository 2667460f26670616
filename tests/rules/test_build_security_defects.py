"""Known false negatives and false positives of other tools on Dockerfiles."""

from __future__ import annotations

import pytest

from sealock.model.finding import Finding
from sealock.rules.catalog import rules
from sealock.rules.evaluation import evaluate
from support.documents import read

SECURITY = tuple(rule for rule in rules("build") if not "B100" <= rule.id < "C")
POWERSHELL = 'FROM mcr.microsoft.com/windows/servercore:ltsc2025\nSHELL ["powershell", "-Command"]\n'
DIGEST = "sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778"


def findings(text: str) -> tuple[Finding, ...]:
    document = read(text)
    assert not document.errors, document.errors
    return evaluate("Dockerfile", document, {"build": SECURITY}).findings


def listed(text: str) -> list[str]:
    return [finding.rule for finding in findings(text)]


def reported(text: str) -> set[str]:
    return set(listed(text))


@pytest.mark.parametrize(
    ("sentence", "text", "rule"),
    [
        # Images
        ("a stage that is not the last has an image without a tag", "FROM golang AS b\nFROM debian:12\n", "C080"),
        ("latest comes through a default", "FROM debian:${T:-latest}\n", "C080"),
        ("latest comes through a chain of ARGs", "ARG A=latest\nARG B=$A\nFROM debian:$B\n", "C080"),
        ("a registry with a port has no tag", "FROM registry.example.com:5000/base\n", "C080"),
        ("an image is only mounted", "FROM debian:12\nRUN --mount=from=alpine,target=/a ls /a\n", "B010"),
        ("the frontend is somebody else's", "# syntax=evil/frontend:1\nFROM scratch\n", "B007"),
        # ADD
        ("ADD fetches a tarball unchecked", "FROM debian:12\nADD https://e.com/a.tar.gz /\n", "B009"),
        ("ADD fetches a branch", "FROM debian:12\nADD https://github.com/a/b.git#main /b\n", "B009"),
        ("ADD fetches by ssh", "FROM debian:12\nADD git@github.com:a/b.git /b\n", "B009"),
        ("ADD stands behind ONBUILD", "FROM debian:12\nONBUILD ADD app /app\n", "B008"),
        # Secrets
        ("the secret stands in a stage that is not the last", "FROM debian:12 AS a\nENV DB_PASSWORD=Tr0ub4dor9\nFROM debian:12\n", "B013"),
        ("the variable has an innocent name", "FROM debian:12\nENV UPSTREAM=https://me:Tr0ub4dor@e.com/\n", "B013"),
        ("ENV is in the old form", "FROM debian:12\nENV DB_PASSWORD Tr0ub4dor9\n", "B013"),
        ("several variables stand in one ENV", "FROM debian:12\nENV A=1 \\\n  B=2 \\\n  API_KEY=0a1b2c3d4e5f6a7b\n", "B013"),
        ("the ARG stands before FROM", "ARG NPM_TOKEN\nFROM node:22\n", "B014"),
        ("the token goes into a label", f"FROM debian:12\nLABEL x=ghp_{'ab12' * 9}\n", "B015"),
        ("the token is in a here-document", f"FROM debian:12\nCOPY <<E /x\nt=ghp_{'ab12' * 9}\nE\n", "B015"),
        ("the secret stands in a health check", "FROM debian:12\nHEALTHCHECK CMD curl -u a:Tr0ub4dor http://localhost/\n", "B015"),
        ("a key is copied by a longer path", "FROM debian:12\nCOPY ./deploy/ssh/id_ed25519 /k\n", "B016"),
        ("a key comes from another stage", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=a /root/.ssh/id_rsa /k\n", "B016"),
        ("an innocent file becomes .netrc", "FROM debian:12\nCOPY build/netrc /root/.netrc\n", "B016"),
        ("a registry login is copied", "FROM debian:12\nCOPY .docker/config.json /root/.docker/config.json\n", "B016"),
        ("a mounted secret is copied", "FROM debian:12\nRUN --mount=type=secret,id=x,target=/s cp /s /app/s\n", "B018"),
        ("a mounted secret goes through cat", 'FROM debian:12\nRUN echo "$(cat /run/secrets/x)" > /app/x\n', "B018"),
        ("passwd reads a here-string", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN passwd app <<< x\n', "B039"),
        ("openssl hashes a password that is written", "FROM debian:12\nRUN openssl passwd -6 abc | chpasswd -e\n", "B039"),
        ("one chpasswd explains itself, another sets one", "FROM debian:12\nRUN chpasswd --help\nRUN echo root:x | chpasswd\n", "B039"),
        ("chpasswd gets a file", "FROM debian:12\nRUN cat < /pw | chpasswd\n", "B039"),
        ("certtool makes a key by its short option", "FROM debian:12\nRUN certtool -p --outfile /etc/k.pem\n", "B065"),
        # TLS
        ("wget's settings are written", "FROM debian:12\nRUN echo 'check_certificate = off' > /root/.wgetrc\n", "B024"),
        ("the settings of all users are", "FROM debian:12\nRUN echo check_certificate=off > /etc/wgetrc\n", "B024"),
        ("they spell it in another way", "FROM debian:12\nRUN printf 'Check-Certificate = No\\n' >> ~/.wgetrc\n", "B024"),
        ("pip's settings are", "FROM python:3.12\nRUN pip config set global.trusted-host e.com\n", "B024"),
        ("python starts pip", "FROM python:3.12\nRUN python -m pip install -i http://e.com/simple a\n", "B050"),
        ("a key lands in the trusted ones", "FROM debian:12\nRUN curl -o /etc/apt/trusted.gpg.d/a.gpg https://e.com/a.gpg\n", "B038"),
        ("the settings of TLS lie elsewhere", "FROM debian:12\nRUN sed -i 's/a/MinProtocol = TLSv1/' /etc/tls/x.cnf\n", "B063"),
        ("Node.js accepts TLS 1.0", "FROM node:22\nENV NODE_OPTIONS=--tls-min-v1.0\n", "B063"),
        ("glibc is a package from elsewhere", "FROM alpine:3.22\nRUN apk add glibc-2.35.apk\n", "B048"),
        # Downloads
        ("cat prints it behind a file", "FROM debian:12\nRUN curl https://e.com/i | cat head - | sh\n", "B020"),
        ("cat reads what a variable names", 'FROM debian:12\nRUN curl https://e.com/i | cat "$IN" | sh\n', "B020"),
        ("cat only has options", "FROM debian:12\nRUN curl https://e.com/i | cat -s | sh\n", "B020"),
        ("cat prints a process that downloads", "FROM debian:12\nRUN bash -c 'cat <(curl https://e.com/i) | sh'\n", "B020"),
        ("sudo stands before the shell", "FROM debian:12\nRUN curl https://e.com/i | sudo -H -E bash\n", "B020"),
        ("env stands before the shell", "FROM debian:12\nRUN curl https://e.com/i | env A=1 sh -s -- -y\n", "B020"),
        ("the shell has a path", "FROM debian:12\nRUN curl https://e.com/i | /bin/sh\n", "B020"),
        ("tee stands in between", "FROM debian:12\nRUN curl https://e.com/i | tee log | sh\n", "B020"),
        ("the pipe stands in a group", "FROM debian:12\nRUN { curl https://e.com/i; } | ( cd /; bash )\n", "B020"),
        ("the shell reads a substitution", 'FROM debian:12\nRUN bash <<< "$(curl https://e.com/i)"\n', "B020"),
        ("backquotes run it", "FROM debian:12\nRUN eval `curl https://e.com/i`\n", "B020"),
        ("the substitution is itself the command", "FROM debian:12\nRUN $(curl https://e.com/i)\n", "B020"),
        ("it stands in an if", "FROM debian:12\nRUN if true; then curl https://e.com/i | sh; fi\n", "B020"),
        ("it stands in a here-document", "FROM debian:12\nRUN <<E\nset -e\ncurl https://e.com/i | sh\nE\n", "B020"),
        ("it stands in the exec form", 'FROM debian:12\nRUN ["/bin/bash","-ec","curl https://e.com/i | sh"]\n', "B020"),
        ("curl writes to its own standard output", "FROM debian:12\nRUN curl -o- https://e.com/i | sh\n", "B020"),
        ("wget writes to /dev/stdout", "FROM debian:12\nRUN wget -O /dev/stdout https://e.com/i | sh\n", "B020"),
        ("it stands in ONBUILD", "FROM debian:12\nONBUILD RUN curl https://e.com/i | sh\n", "B020"),
        ("versions stand in the name", "FROM debian:12\nRUN curl https://e.com/i | python3.11 - --yes\n", "B020"),
        ("the line is broken inside the pipe", "FROM debian:12\nRUN curl https://e.com/i \\\n # why\n | sh\n", "B020"),
        ("a shell sources its standard input", "FROM debian:12\nRUN curl https://e.com/i | . /dev/stdin\n", "B020"),
        ("the option to read it stands in a bundle", "FROM debian:12\nRUN curl https://e.com/i | sh -es now\n", "B020"),
        ("an option before it has a value", "FROM debian:12\nRUN curl https://e.com/i | bash -o errexit -s\n", "B020"),
        ("a variable holds it", 'FROM debian:12\nRUN s=$(curl https://e.com/i) && bash -c "$s"\n', "B020"),
        ("a variable with it is evaluated", 'FROM debian:12\nRUN s="$(wget -qO- https://e.com/i)"; eval "${s}"\n', "B020"),
        ("echo prints a variable with it", 'FROM debian:12\nRUN s=$(curl https://e.com/i); echo "$s" | sh\n', "B020"),
        ("a list of braces is a command", "FROM fedora:42\nRUN {curl,-s,https://e.com/i}|sh\n", "B020"),
        ("a shell runs what echo prints", "FROM debian:12\nRUN echo 'true\\ncurl https://e.com/i | sh' | sh\n", "B020"),
        ("a here-string has a variable with it", 'FROM debian:12\nRUN s=$(curl https://e.com/i); sh <<< "$s"\n', "B020"),
        ("a group within the pipe runs it", "FROM debian:12\nRUN curl https://e.com/i | (tee log | sh)\n", "B020"),
        ("su starts the shell", "FROM debian:12\nRUN curl https://e.com/i | su app -c bash\n", "B020"),
        ("a here-string is sourced", 'FROM debian:12\nRUN . /dev/stdin <<< "$(curl https://e.com/i)"\n', "B020"),
        ("the standard output is swapped and restored", "FROM debian:12\nRUN curl https://e.com/i 3>&1 >log 1>&3 | sh\n", "B020"),
        ("curl's output is redirected to a file that runs", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN curl https://e.com/i >& i && sh i\n', "B021"),
        ("tar unpacks to its standard output", "FROM debian:12\nRUN curl https://e.com/i.tgz | tar xzO | sh\n", "B020"),
        ("iex takes what iwr prints", f"{POWERSHELL}RUN iex (iwr https://e.com/i.ps1)\n", "B020"),
        ("iex takes what a client downloads", f"{POWERSHELL}RUN iex ((New-Object Net.WebClient).DownloadString('https://e.com/i.ps1'))\n", "B020"),
        ("iex takes a variable with a download", f"{POWERSHELL}RUN $r = iwr https://e.com/i.ps1; iex $r.Content\n", "B020"),
        ("a script block is made of a download", f"{POWERSHELL}RUN & ([scriptblock]::Create((irm https://e.com/i.ps1)))\n", "B020"),
        ("PowerShell starts a downloaded program", f"{POWERSHELL}RUN Invoke-WebRequest https://e.com/x.exe -OutFile x.exe; Start-Process x.exe -Wait\n", "B021"),
        ("a variable names the program of PowerShell", f"{POWERSHELL}RUN $f = '\\x.exe'; (New-Object Net.WebClient).DownloadFile('https://e.com/x.exe', $f); & $f /S\n", "B021"),
        ("another RUN of PowerShell starts it", f"{POWERSHELL}RUN iwr https://e.com/x.exe -OutFile C:/x.exe\nRUN C:/x.exe /S\n", "B021"),
        ("msiexec takes it out of a list", f"{POWERSHELL}RUN iwr https://e.com/a.msi -OutFile a.msi; Start-Process msiexec -ArgumentList '/i', 'a.msi'\n", "B021"),
        ("a hash is only printed", f"{POWERSHELL}RUN iwr https://e.com/x.exe -OutFile x.exe; Get-FileHash x.exe; ./x.exe\n", "B021"),
        ("tar takes its options without a hyphen", "FROM debian:12\nRUN curl https://e.com/a.tgz | tar zxf -\n", "B022"),
        ("-d names a directory of unzip", "FROM debian:12\nRUN curl -o a.zip https://e.com/a.zip && unzip -dtools a.zip\n", "B022"),
        ("unzip overwrites", "FROM debian:12\nRUN curl -o a.zip https://e.com/a.zip && unzip -qo a.zip\n", "B022"),
        ("tar names its file first", "FROM debian:12\nRUN curl -o a.tgz https://e.com/a.tgz && tar -f a.tgz -x\n", "B022"),
        ("7z unpacks", "FROM debian:12\nRUN curl -o a.7z https://e.com/a.7z && 7z x a.7z\n", "B022"),
        ("tar lists what it unpacks afterwards", "FROM debian:12\nRUN curl -o a.tgz https://e.com/a.tgz && tar tf a.tgz && tar xf a.tgz\n", "B022"),
        ("gzip unpacks to its output", "FROM debian:12\nRUN curl -o a.gz https://e.com/a.gz && gzip -dc a.gz\n", "B022"),
        ("Expand-Archive takes it", f"{POWERSHELL}RUN iwr https://e.com/a.zip -OutFile a.zip; Expand-Archive a.zip C:/a\n", "B022"),
        ("a call of PowerShell goes on in the next line", '# escape=`\nFROM mcr.microsoft.com/windows/servercore:ltsc2025\nRUN powershell -NoProfile -Command `\n "iwr \\"https://e.com/x.exe\\" -OutFile x.exe; `\n ./x.exe"\n', "B021"),
        ("PowerShell stands in the exec form", 'FROM debian:12\nRUN ["pwsh", "-NoLogo", "-c", "irm https://e.com/i.ps1 | iex"]\n', "B020"),
        ("the download has an input", "FROM debian:12\nRUN curl -d @- https://e.com/i < in | sh\n", "B020"),
        ("curl takes the name of the address in a long option", "FROM debian:12\nRUN curl --remote-name https://e.com/i.sh && sh i.sh\n", "B021"),
        ("HTTPie downloads", "FROM debian:12\nRUN http -d https://e.com/i.sh && sh i.sh\n", "B021"),
        ("pip installs the file", "FROM python:3.12\nRUN curl -o a.whl https://e.com/a.whl && pip install a.whl\n", "B021"),
        ("a file is fetched and run", "FROM debian:12\nRUN wget https://e.com/i.sh && bash ./i.sh\n", "B021"),
        ("a file is fetched in one RUN and run in the next", "FROM debian:12\nRUN curl -O https://e.com/i.sh\nRUN sh i.sh\n", "B021"),
        ("a file is moved and then run", "FROM debian:12\nRUN wget -O /tmp/t https://e.com/t && mv /tmp/t /bin/t && chmod +x /bin/t\n", "B021"),
        ("-k is bundled", "FROM debian:12\nRUN curl -sSfLk https://e.com/a\n", "B024"),
        ("-k is in the exec form", 'FROM debian:12\nRUN ["curl","-k","https://e.com/a"]\n', "B024"),
        ("-k stands behind xargs", "FROM debian:12\nRUN cat urls | xargs -n1 curl -k -O\n", "B024"),
        ("the check is off for good", "FROM debian:12\nRUN echo insecure >> /root/.curlrc\n", "B024"),
        ("git's check is off by config", "FROM debian:12\nRUN git config --system http.sslVerify false\n", "B024"),
        ("git's check is off for one command", "FROM debian:12\nRUN git -c http.sslVerify=false fetch\n", "B024"),
        ("pip's check is off in the environment", "FROM python:3.12\nENV PIP_TRUSTED_HOST=e.com\n", "B024"),
        ("npm's check is off by option", "FROM node:22\nRUN npm ci --no-strict-ssl\n", "B024"),
        ("the variable is exported in a RUN", "FROM node:22\nRUN export NODE_TLS_REJECT_UNAUTHORIZED=0; npm ci\n", "B024"),
        # Packages
        ("apt's setting is joined to -o", "FROM debian:12\nRUN apt-get -oAPT::Get::AllowUnauthenticated=1 install x\n", "B030"),
        ("apt's setting goes to a file", 'FROM debian:12\nRUN echo \'APT::Get::AllowUnauthenticated "true";\' > /etc/apt/apt.conf.d/9\n', "B030"),
        ("dnf's setting goes to a file", "FROM fedora:43\nRUN echo gpgcheck=0 >> /etc/dnf/dnf.conf\n", "B030"),
        ("sed turns the check off", "FROM rockylinux:9\nRUN sed -i 's/gpgcheck=1/gpgcheck=0/' /etc/yum.repos.d/x.repo\n", "B030"),
        ("trusted=yes stands among others", "FROM debian:12\nRUN echo 'deb [ arch=amd64 trusted=yes ] https://e.com/ ./' >> /etc/apt/sources.list\n", "B034"),
        ("apt-key stands behind sudo", "FROM debian:12\nRUN curl https://e.com/k | sudo apt-key add -\n", "B036"),
        ("chpasswd stands in bash -c", "FROM debian:12\nRUN bash -c 'echo root:x | chpasswd'\n", "B039"),
        ("chpasswd reads a here-document", "FROM debian:12\nRUN chpasswd <<E\nroot:x\nE\n", "B039"),
        ("sudo stands in the exec form", 'FROM debian:12\nRUN ["sudo","true"]\n', "B040"),
        ("sudo stands in bash -c", 'FROM debian:12\nRUN bash -c "sudo true"\n', "B040"),
        ("sudo stands in a substitution", "FROM debian:12\nRUN echo $(sudo id)\n", "B040"),
        ("a user is no number that int takes", "FROM debian:12\nUSER ²\nRUN sudo true\n", "B040"),
        ("and of too many digits", f"FROM debian:12\nUSER {'9' * 5000}\nRUN useradd -u {'9' * 5000} a && sudo true\n", "B040"),
        ("UID 0 is written with more zeros", f"FROM debian:12\nRUN useradd -o -u {'0' * 5000} a\n", "B060"),
        ("a UID is no number that int takes", "FROM debian:12\nRUN useradd -u ² a && sudo true\n", "B040"),
        ("bash reads a download before it asks", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN bash --rcfile <(curl -s https://e.com/a) -i\n', "B020"),
        ("and by its other name", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN bash --init-file <(curl -s https://e.com/a) -ic true\n', "B020"),
        ("NOPASSWD comes by tee", "FROM debian:12\nRUN echo 'a ALL=(ALL) NOPASSWD: ALL' | tee -a /etc/sudoers\n", "B041"),
        # Modes and sandboxes
        ("0777 has a leading zero", "FROM debian:12\nRUN chmod 0777 /a\n", "B042"),
        ("757 is as open as 777", "FROM debian:12\nRUN chmod 757 /a\n", "B042"),
        ("chmod stands behind find -exec", "FROM debian:12\nRUN find /a -exec chmod o+w {} +\n", "B042"),
        ("ugo+w is symbolic", "FROM debian:12\nRUN chmod ugo+w /a\n", "B042"),
        ("ADD has a mode too", "FROM debian:12\nADD --chmod=777 a.tar /a\n", "B042"),
        ("4711 is setuid without reading", "FROM debian:12\nRUN chmod 4711 /a\n", "B043"),
        ("RUN leaves the sandbox", "# syntax=docker/dockerfile:1-labs\nFROM debian:12\nRUN --security=insecure id\n", "B044"),
        ("RUN joins the host's network", "FROM debian:12\nRUN --network=host id\n", "B044"),
    ],
)  # fmt: skip
def test_false_negatives_of_other_tools_are_reported(sentence: str, text: str, rule: str) -> None:
    assert rule in reported(text), sentence


@pytest.mark.parametrize(
    ("sentence", "text", "rule"),
    [
        ("a shell that asks nobody reads no file first", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN bash --rcfile <(curl -s https://e.com/a) -c true\n', "B020"),
        ("nor one that is given another file", 'FROM debian:12\nSHELL ["/bin/bash", "-c"]\nRUN bash --rcfile a -i <(curl -s https://e.com/a | gunzip > /a)\n', "B020"),
        ("a stage is no image", "FROM debian:12 AS base\nFROM base\n", "C080"),
        ("stage names ignore case", "FROM debian:12 AS Base\nFROM base\n", "C080"),
        ("scratch has no tag", "FROM scratch\n", "C080"),
        ("a digest needs no tag", f"FROM debian@{DIGEST}\n", "C080"),
        ("latest with a digest does not move", f"FROM debian:latest@{DIGEST}\n", "C080"),
        ("COPY --from takes a stage by number", "FROM debian:12 AS a\nFROM debian:12\nCOPY --from=0 /x /x\n", "B010"),
        ("ADD unpacks an archive", "FROM scratch\nADD rootfs.tar.xz /\n", "B008"),
        ("ADD names a checksum", f"FROM debian:12\nADD --checksum={DIGEST} https://e.com/a /a\n", "B009"),
        ("a fingerprint of a key is public", "FROM python:3.12\nENV GPG_KEY=7169605F62C751356D054A26A821E680E5FA6305\n", "B013"),
        ("a name ends in _FILE", "FROM debian:12\nENV DB_PASSWORD_FILE=/run/secrets/db\n", "B013"),
        ("a variable is only referred to", "FROM debian:12\nENV DB_PASSWORD=$OTHER\n", "B013"),
        ("a value is a switch", "FROM debian:12\nENV MYSQL_ALLOW_EMPTY_PASSWORD=yes\n", "B013"),
        ("a mounted secret is used in place", 'FROM debian:12\nRUN --mount=type=secret,id=t curl -H "A: $(cat /run/secrets/t)" https://e.com/\n', "B018"),
        ("an example holds no secret", "FROM debian:12\nCOPY .env.example /app/.env.example\n", "B016"),
        ("a public key is public", "FROM debian:12\nCOPY id_rsa.pub ca.pem fullchain.pem /k/\n", "B016"),
        ("a source file only has such a name", "FROM debian:12\nCOPY credentials.py secrets.go /src/\n", "B016"),
        ("a file is checked before it runs", "FROM debian:12\nRUN curl -o i https://e.com/i && echo '1f  i' | sha256sum -c - && sh i\n", "B021"),
        ("a signature is verified", "FROM debian:12\nRUN wget -O t https://e.com/t && gpg --batch --verify t.asc t && chmod +x t\n", "B021"),
        ("tar only lists", "FROM debian:12\nRUN curl https://e.com/a.tgz | tar tz\n", "B022"),
        ("by its long option", "FROM debian:12\nRUN curl -o a.tgz https://e.com/a.tgz && tar --list -f a.tgz\n", "B022"),
        ("unzip only lists", "FROM debian:12\nRUN curl -o a.zip https://e.com/a.zip && unzip -l a.zip\n", "B022"),
        ("unzip only tests", "FROM debian:12\nRUN curl -o a.zip https://e.com/a.zip && unzip -tq a.zip\n", "B022"),
        ("7z only lists", "FROM debian:12\nRUN curl -o a.7z https://e.com/a.7z && 7z l a.7z\n", "B022"),
        ("7z only tests", "FROM debian:12\nRUN curl -o a.7z https://e.com/a.7z && 7za t a.7z\n", "B022"),
        ("gzip only tests", "FROM debian:12\nRUN curl -o a.gz https://e.com/a.gz && gzip -t a.gz\n", "B022"),
        ("zstd only tests", "FROM debian:12\nRUN curl -o a.zst https://e.com/a.zst && zstd --test a.zst\n", "B022"),
        ("sha256sum reads what it compares", 'FROM debian:12\nRUN wget -O a.tgz https://e.com/a.tgz; echo "$S *a.tgz" | sha256sum --check --strict -; tar -xzf a.tgz\n', "B022"),
        ("a shell filters a download", "FROM debian:12\nRUN curl -s https://e.com/v | sh -c 'head -1' > v\n", "B020"),
        ("python parses a download", "FROM debian:12\nRUN curl -s https://e.com/v | python3 -c 'import json'\n", "B020"),
        ("curl -O writes a file", "FROM debian:12\nRUN curl -fsSLO https://e.com/i | sh\n", "B020"),
        ("curl writes both outputs to a file", "FROM debian:12\nRUN curl https://e.com/v >& v | sh\n", "B020"),
        ("curl writes to the standard error", "FROM debian:12\nRUN curl https://e.com/v >&2 | sh\n", "B020"),
        ("only errors go to the pipe", "FROM debian:12\nRUN curl https://e.com/v 2>&1 >v | sh\n", "B020"),
        ("a group writes to a file", "FROM debian:12\nRUN { curl https://e.com/v; echo; } > v | sh\n", "B020"),
        ("a shell's output goes to a file", "FROM debian:12\nRUN sh -c 'curl https://e.com/v' > v | sh\n", "B020"),
        ("tee prints nothing further", "FROM debian:12\nRUN curl https://e.com/v | tee v > /dev/null | sh\n", "B020"),
        ("a group counts it before its shell", "FROM debian:12\nRUN curl https://e.com/v | (wc -l | sh)\n", "B020"),
        ("a shell reads a file that cat prints", "FROM debian:12\nRUN curl https://e.com/v | (cat list | sh)\n", "B020"),
        ("zcat reads its files alone", "FROM debian:12\nRUN curl https://e.com/v | zcat a.gz b.gz | sh\n", "B020"),
        ("a group throws it away before its shell", "FROM debian:12\nRUN curl https://e.com/v | (cat > /dev/null | sh)\n", "B020"),
        ("a group's shell has another input", "FROM debian:12\nRUN curl https://e.com/v | (true; sh < i.sh)\n", "B020"),
        ("xargs gives a shell nothing to read", "FROM debian:12\nRUN curl https://e.com/v | xargs -I{} sh -c 'cat | sh'\n", "B020"),
        ("tar prints nothing", "FROM debian:12\nRUN curl https://e.com/v.tgz | tar xz | sh\n", "B020"),
        ("the shell has another input", "FROM debian:12\nRUN curl https://e.com/v | sh < i.sh\n", "B020"),
        ("the shell only checks the syntax", "FROM debian:12\nRUN curl https://e.com/v | bash -n\n", "B020"),
        ("a script reads the download as a file", "FROM python:3.12\nRUN python3 s.py <(curl https://e.com/v)\n", "B020"),
        ("a download is the argument of a shell's own text", "FROM debian:12\nRUN sh -c 'echo $1' _ \"$(curl https://e.com/v)\"\n", "B020"),
        ("a test compares the download", 'FROM debian:12\nRUN test "$(curl https://e.com/v)" = 3 | sh\n', "B020"),
        ("a variable holds a version", 'FROM debian:12\nRUN v=$(curl https://e.com/v); echo "$v" | tr -d v; bash -c "x $v"\n', "B020"),
        ("a variable holds what is saved", 'FROM debian:12\nRUN v=$(curl -o v https://e.com/v); eval "$v"\n', "B020"),
        ("a here-document only has a downloaded value", "FROM debian:12\nRUN sh <<E\necho $(curl https://e.com/v)\nE\n", "B020"),
        ("PowerShell compares the hash", POWERSHELL + "RUN iwr https://e.com/x.exe -OutFile x.exe; if ((Get-FileHash x.exe).Hash -ne $env:SHA) { throw 'x.exe' }; ./x.exe\n", "B021"),
        ("PowerShell reads a version", f"{POWERSHELL}RUN $v = (irm https://e.com/v).tag_name; Write-Host $v\n", "B020"),
        ("iex runs another text", f"{POWERSHELL}RUN iwr https://e.com/a.txt -OutFile a.txt; iex 'dir'\n", "B020"),
        ("PowerShell only saves a file", f"{POWERSHELL}RUN iwr https://e.com/x.exe -OutFile x.exe; Get-Item x.exe\n", "B021"),
        ("wget writes a file by itself", "FROM debian:12\nRUN wget https://e.com/i | sh\n", "B020"),
        ("a file takes what tar does not read", "FROM debian:12\nRUN curl -o v https://e.com/v | tar xz\n", "B022"),
        ("perl edits a download", "FROM debian:12\nRUN curl -s https://e.com/v | perl -pe s/a/b/ > v\n", "B020"),
        ("the shell runs its argument", "FROM debian:12\nRUN curl https://e.com/v | sh -sc true\n", "B020"),
        ("the file is an argument of a shell's own text", "FROM debian:12\nRUN curl -o a https://e.com/a && bash -c 'cat $0' a\n", "B021"),
        ("pip only prints the file's hash", "FROM python:3.12\nRUN curl -o a.whl https://e.com/a.whl && pip hash a.whl\n", "B021"),
        ("what is thrown away is no file", "FROM debian:12\nRUN curl -o /dev/null https://e.com/a && bash /dev/null\n", "B021"),
        ("a mounted secret is thrown away", "FROM debian:12\nRUN --mount=type=secret,id=a cat /run/secrets/a > /dev/null\n", "B018"),
        ("a mounted secret is copied into memory", "FROM debian:12\nRUN --mount=type=secret,id=a cp /run/secrets/a /dev/shm/a\n", "B018"),
        ("another file is read beside a mounted secret", 'FROM debian:12\nRUN --mount=type=secret,id=a echo "$(cat /etc/hostname)" > /k\n', "B018"),
        ("git verifies with -c", "FROM debian:12\nRUN git -c http.sslVerify=true clone https://e.com/a\n", "B024"),
        ("git takes a setting behind an equals sign only with -c", "FROM debian:12\nRUN git config http.sslVerify=false\n", "B024"),
        (".curlrc has another setting", "FROM debian:12\nRUN echo 'retry = 3' > /root/.curlrc\n", "B024"),
        ("pip gets another setting", "FROM python:3.12\nRUN pip config set global.index-url https://e.com\n", "B024"),
        ("the index is on this machine", "FROM python:3.12\nRUN pip install -i http://localhost:3141/simple a\n", "B050"),
        ("the variable's index is on this machine", "FROM python:3.12\nENV PIP_INDEX_URL=http://127.0.0.1:3141/simple\n", "B050"),
        ("the fingerprint of a key is shown", "FROM debian:12\nRUN curl -o /etc/apt/keyrings/a.gpg https://e.com/a.gpg && gpg --show-keys --with-fingerprint /etc/apt/keyrings/a.gpg | grep 0123\n", "B038"),
        ("chpasswd prints its help", "FROM debian:12\nRUN chpasswd --help\n", "B039"),
        ("a password is locked before its hash", "FROM debian:12\nRUN usermod -p '!$6$x' app\n", "B039"),
        ("nobody knows a password of /dev/urandom", "FROM debian:12\nRUN tr -dc a-z < /dev/urandom | chpasswd\n", "B039"),
        ("setgid is not setuid", "FROM debian:12\nRUN chmod g+s /a\n", "B043"),
        ("setcap -r takes away", "FROM debian:12\nRUN setcap -r cap_sys_admin+ep /a\n", "B043"),
        ("ssh-keygen signs a key", "FROM debian:12\nRUN ssh-keygen -s ca -I id key.pub\n", "B065"),
        ("openssl only writes parameters", "FROM debian:12\nRUN openssl ecparam -name prime256v1 -out p.pem\n", "B065"),
        ("openssl uses a key that is there", "FROM debian:12\nRUN openssl req -new -key k.pem -out r.csr\n", "B065"),
        ("certtool only prints a certificate", "FROM debian:12\nRUN certtool --certificate-info --infile /etc/c.pem\n", "B065"),
        ("a whole directory is no key by the name that it gets", "FROM debian:12\nCOPY . /root/.ssh/id_rsa\n", "B016"),
        ("a shell runs a local script", "FROM debian:12\nRUN curl -s https://e.com/v -o v; cat list | sh local.sh\n", "B020"),
        ("k is a value, not an option", "FROM debian:12\nRUN curl -o k -H k -T k -xk https://e.com/\n", "B024"),
        ("kubectl has no -k that counts", "FROM debian:12\nRUN kubectl apply -k .\n", "B024"),
        ("a comment speaks of curl -k", "FROM debian:12\n# curl -k is bad\nRUN true && \\\n  # curl -k\n  true\n", "B024"),
        ("an echo speaks of sudo", "FROM debian:12\nRUN echo 'do not use sudo'\n", "B040"),
        ("sudo is only installed", "FROM debian:12\nRUN apt-get install -y sudo\n", "B040"),
        ("a loopback address is no download from afar", "FROM debian:12\nRUN curl http://127.0.0.1:8080/\n", "B025"),
        ("sed turns http into https", "FROM debian:12\nRUN sed -i 's,http://deb,https://deb,' /etc/apt/sources.list\n", "B035"),
        ("sed deletes a source", "FROM debian:12\nRUN sed -i '\\#deb http://e.com#d' /etc/apt/sources.list\n", "B035"),
        ("sed turns a source that it looks for into https", "FROM debian:12\nRUN sed -i '/http:/s|http://e.com|https://e.com|' /etc/apt/sources.list\n", "B035"),
        ("sed's second command turns http into https", "FROM debian:12\nRUN sed -e 's|deb|&|g' -e '/x/{;s/deb http:\\/\\/e.com/deb https:\\/\\/e.com/;}' -i /etc/apt/sources.list\n", "B035"),
        ("a source in a comment", "FROM debian:12\nRUN echo '# deb http://e.com x y' > /etc/apt/sources.list.d/a.list\n", "B035"),
        ("a package built here is trusted", "FROM debian:12\nRUN echo 'deb [trusted=yes] file:///repo ./' > /etc/apt/sources.list.d/l.list\n", "B034"),
        ("repo_gpgcheck is another switch", "FROM fedora:43\nCOPY <<E /etc/yum.repos.d/a.repo\nrepo_gpgcheck=0\nE\n", "B030"),
        ("wget's settings demand the check", "FROM debian:12\nRUN echo check_certificate=on > /etc/wgetrc\n", "B024"),
        ("chpasswd only explains itself", "FROM debian:12\nRUN chpasswd -h && chpasswd --help\n", "B039"),
        ("a locked password allows no login", "FROM debian:12\nRUN usermod -p '*' a && passwd -l root\n", "B039"),
        ("/tmp is sticky", "FROM debian:12\nRUN chmod 1777 /tmp && chmod a+rwxt /var/tmp\n", "B042"),
        ("the group may write", "FROM debian:12\nRUN chmod 775 /a && chmod -R g+w /a && chmod +w /a\n", "B042"),
        ("setuid is taken away", "FROM debian:12\nRUN chmod u-s /bin/su && find / -perm /4000 -exec chmod a-s {} +\n", "B043"),
        ("setgid on a directory is not setuid", "FROM debian:12\nRUN chmod 2775 /a\n", "B043"),
        ("compilers stay in their stage", "FROM debian:12 AS b\nRUN apt-get install -y gcc\nFROM debian:12\nCOPY --from=b /a /a\n", "B046"),
        ("compilers go with the RUN that brought them", "FROM alpine:3.21\nRUN apk add -t .b gcc && make && apk del .b\n", "B046"),
        ("a static program runs on any libc", "FROM golang:1.26 AS b\nRUN CGO_ENABLED=0 go build -o /a\nFROM alpine:3.21\nCOPY --from=b /a /a\n", "B048"),
    ],
)  # fmt: skip
def test_false_positives_of_other_tools_are_not_reported(sentence: str, text: str, rule: str) -> None:
    assert rule not in reported(text), sentence


OFFICIAL = r"""FROM debian:12.8-slim@sha256:0b1f8f1f8a4e4a1f1e1c2d3b4a5968778695a4b3c2d1e0f00112233445566778
RUN groupadd --system --gid 999 app && useradd --system --gid app --uid 999 app
ENV TOOL_VERSION=1.2.3 TOOL_SHA256=0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b2c3d4e5f6a7b8c9d0a1b
ENV GPG_KEY=B42F6819007F00F88E364FD4036A9C25BF357DD4
RUN set -eux; \
    savedAptMark="$(apt-mark showmanual)"; \
    apt-get update; \
    apt-get install -y --no-install-recommends ca-certificates curl gcc gnupg libc6-dev make; \
    rm -rf /var/lib/apt/lists/*; \
    arch="$(dpkg --print-architecture)"; \
    curl -fsSL -o tool.tar.gz "https://example.com/tool-$TOOL_VERSION-$arch.tar.gz"; \
    curl -fsSL -o tool.tar.gz.asc "https://example.com/tool-$TOOL_VERSION-$arch.tar.gz.asc"; \
    export GNUPGHOME="$(mktemp -d)"; \
    gpg --batch --keyserver hkps://keys.openpgp.org --recv-keys "$GPG_KEY"; \
    gpg --batch --verify tool.tar.gz.asc tool.tar.gz; \
    gpgconf --kill all; \
    rm -rf "$GNUPGHOME" tool.tar.gz.asc; \
    echo "$TOOL_SHA256 *tool.tar.gz" | sha256sum --check --strict -; \
    mkdir -p /usr/src/tool; \
    tar --extract --file tool.tar.gz --directory /usr/src/tool --strip-components=1; \
    rm tool.tar.gz; \
    make -C /usr/src/tool -j "$(nproc)" install; \
    apt-mark auto '.*' > /dev/null; \
    apt-mark manual $savedAptMark > /dev/null; \
    apt-get purge -y --auto-remove -o APT::AutoRemove::RecommendsImportant=false; \
    mkdir -p /data && chown app:app /data && chmod 0750 /data; \
    chmod +x /usr/local/bin/tool && tool --version
COPY --chmod=0755 docker-entrypoint.sh /usr/local/bin/
USER app
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["tool", "--config", "/etc/tool.conf"]
"""


@pytest.mark.parametrize(
    ("command", "runs"),
    [
        pytest.param("curl https://e.com/a | (tee log | sh)", 1, id="a group runs it"),
        pytest.param("curl https://e.com/a | (curl https://e.com/b | sh)", 1, id="a group runs its own download"),
        pytest.param("curl https://e.com/a | (cat; sh)", 1, id="a group has two that read it"),
        pytest.param("curl https://e.com/a | sh; curl https://e.com/b | sh", 2, id="two pipes"),
    ],
)
def test_each_download_that_runs_is_reported_once(command: str, runs: int) -> None:
    assert listed(f"FROM debian:12\nRUN {command}\n").count("B020") == runs


@pytest.mark.parametrize(
    ("text", "places"),
    [
        pytest.param("ARG DB_PASSWORD\nFROM a\nARG DB_PASSWORD\n", ["1:5"], id="a stage takes what is passed to all"),
        pytest.param("FROM a\nARG DB_PASSWORD\nARG DB_PASSWORD\n", ["2:5"], id="twice in a stage"),
        pytest.param("FROM a\nARG DB_PASSWORD\nFROM b\nARG DB_PASSWORD\n", ["2:5", "4:5"], id="in two stages"),
        pytest.param(
            "ARG DB_PASSWORD\nFROM a\nARG DB_PASSWORD API_TOKEN\n",
            ["1:5", "3:17"],
            id="with another in one instruction",
        ),
        pytest.param("ARG DB_PASSWORD\nFROM a\nARG DB_PASSWORD=Tr0ub4dor-and-3\n", ["1:5", "3:5"], id="with a value"),
        pytest.param("FROM a\nARG MODE DB_PASSWORD\n", ["2:10"], id="after one that is no secret"),
    ],
)
def test_each_argument_with_a_secret_is_reported_where_it_is_declared_first(text: str, places: list[str]) -> None:
    found = [finding.location for finding in findings(text) if finding.rule == "B014"]
    assert [f"{location.line}:{location.column}" for location in found] == places


def test_a_dockerfile_in_the_style_of_the_official_images_is_clean() -> None:
    assert reported(OFFICIAL) == set()
