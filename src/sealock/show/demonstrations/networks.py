"""Networks: published ports, and who reaches whom."""

from __future__ import annotations

from typing import Final

from sealock.model.change import Set
from sealock.model.container import Network
from sealock.show.demonstration import Demonstration, Other, Step

_SERVE: Final = Step(
    "sh -c 'mkdir -p <tmp>/www; echo <marker> > <tmp>/www/index.html; httpd -p <inside> -h <tmp>/www'", user="0"
)
_REACH: Final = (Step("wget -q -T 3 -O - http://127.0.0.2:<port>/", "other", shows="<marker>"),)
_HOST: Final = Other("exec sleep 300", "--network host")

DEMONSTRATIONS: Final = (
    Demonstration(
        rule="C060",
        run="docker run -p 8080:80 app",
        harm="A client on another address of the host reaches the service.",
        prepare=(_SERVE,),
        steps=_REACH,
        refused="onnection re",
        refused_because="Published on 127.0.0.1, only the host itself reaches it.",
        other=_HOST,
        network="published",
    ),
    Demonstration(
        rule="C061",
        run="docker run -p 6379:6379 app",
        harm="A client on another address of the host reaches the database.",
        prepare=(_SERVE,),
        steps=_REACH,
        refused="onnection re",
        refused_because="Published on 127.0.0.1, only the host itself reaches it.",
        other=_HOST,
        network="published",
    ),
    Demonstration(
        rule="C063",
        run="docker run --expose 8080 -P app",
        harm="A client on another address of the host reaches a port that no option named.",
        prepare=(_SERVE,),
        steps=_REACH,
        refused="onnection re",
        fields=("publish_all", "expose"),
        refused_because="Only ports that are named are published.",
        other=_HOST,
        network="published",
    ),
    Demonstration(
        rule="C064",
        run="docker run app",
        harm="The container reaches another one that has nothing to do with it.",
        steps=(Step("wget -q -T 3 -O - http://<address>:8080/", shows="<marker>"),),
        refused="wget:",
        refused_because="In a network of its own it reaches only what belongs to it.",
        other=Other(
            "mkdir -p <tmp>/www; echo <marker> > <tmp>/www/index.html; exec httpd -f -p 8080 -h <tmp>/www",
            network="default",
        ),
        network="default",
        remedy=(Set("networks", (Network("app"),)),),
    ),
)
