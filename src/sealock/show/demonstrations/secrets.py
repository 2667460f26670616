"""Secrets, search paths, and logs."""

from __future__ import annotations

from typing import Final

from sealock.model.absent import UNSET
from sealock.model.change import Set
from sealock.show.demonstration import Demonstration, Step

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C048",
        run="docker run -e DB_PASSWORD=kV9-tqz2LmWx app",
        harm="Every user of the engine reads the secret.",
        steps=(Step("inspect -f {{.Config.Env}} <box>", "client", shows="<marker>"),),
        refused="[",
        fields=("environment",),
        refused_because="The value is no longer written down; a file from the engine's secrets is better still.",
    ),
    Demonstration(
        rule="C049",
        run="docker run --label deploy.token=ghp_A1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q7r8 app",
        harm="Every user of the engine reads the secret.",
        steps=(Step("inspect -f {{.Config.Labels}} <box>", "client", shows="<marker>"),),
        refused="map",
        fields=("labels",),
        refused_because="A label is no place for a secret: it is not there any more.",
        remedy=(Set("labels", UNSET),),
    ),
    Demonstration(
        rule="C051",
        run="docker run --log-driver none app",
        harm="What the program reports of a break-in is nowhere to be found.",
        steps=(
            Step("sh -c 'echo break-in > /proc/1/fd/1'", user="0"),
            Step("logs <box>", "client", hides="break-in"),
        ),
        refused="break-in",
        refused_because="With the engine's own log driver it can be read afterwards.",
    ),
    Demonstration(
        rule="C068",
        run="docker run -e PATH=/tmp:/usr/bin:/bin app",
        harm="An ordinary user leaves a program under the name of another, and root starts it.",
        steps=(
            Step("sh -c 'echo \"#!<shell>\" > <path>/date; echo echo taken over >> <path>/date'", user="1000"),
            Step("chmod 755 <path>/date", user="1000"),
            Step("date", user="0", shows="taken over"),
        ),
        fields=("environment",),
        refused_because="Root finds the program only where root alone can write.",
        remedy=(Set("environment", UNSET),),
    ),
)
