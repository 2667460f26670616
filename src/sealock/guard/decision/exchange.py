"""What a decision takes and gives: a request and its caller in, what to forward or why not out.

A decision opens nothing. What only the engine, the host's file system or the cache can answer, it asks for: `decide`
returns NeedsFacts, the guard answers each question, and calls `decide` again with all answers that it has for this
request. A question without an answer is answered by NoAnswer, and what rests on it is denied.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, Literal, TypeAlias

from msgspec import Struct

from sealock.guard.decision.routes import ApiRoute
from sealock.model.location import Location
from sealock.policy.guard import Reach

LARGEST_BODY: Final = 4 << 20
"""The most bytes of a JSON body that are evaluated."""
MOST_ROUNDS: Final = 8
"""How often a decision may ask for facts; after that the request is denied."""

Evidence: TypeAlias = Literal["digest", "trust", "vulnerabilities"]
"""What is asked about an image."""


class EngineRequest(Struct, frozen=True):
    """A request as the client sent it.

    `target` is the request line's, undecoded. `body` is None where it is a stream that stays unread (`ApiRoute.body` is
    "stream"), and b"" where there is none. `content_type` and `upgrade` are the headers' values, "" where missing.
    """

    method: str
    target: str
    content_type: str = ""
    body: bytes | None = b""
    upgrade: str = ""


class CallingContainer(Struct, frozen=True):
    """The container that a request comes from, as the engine knows it."""

    id: str
    name: str = ""
    image: str = ""
    labels: Mapping[str, str] = {}


class Caller(Struct, frozen=True):
    """Who sends a request. On a unix socket the kernel names uid, gid and pid; with TLS, the certificate the name."""

    uid: int | None = None
    gid: int | None = None
    groups: tuple[int, ...] = ()
    """The groups of its process, its gid included."""
    pid: int | None = None
    container: CallingContainer | None = None
    tls_name: str = ""

    @property
    def identity(self) -> tuple[object, ...]:
        """What a decision may know of it: all but its pid, which is another for each command."""
        inside = self.container
        container = inside and (inside.id, inside.name, inside.image, tuple(inside.labels.items()))
        return self.uid, self.gid, self.groups, self.tls_name, container

    @property
    def counted_as(self) -> str:
        """What its limits count for: the certificate, the container, or the user."""
        return self.tls_name or (self.container.id if self.container is not None else f"uid {self.uid}")


class EngineQuestion(Struct, frozen=True, tag="engine"):
    """Ask the engine: a GET of this path (with its query), whose answer is one JSON value."""

    path: str


class EngineAnswer(Struct, frozen=True, tag="engine"):
    """The engine's answer: its status, and the JSON value (None for no JSON)."""

    status: int
    value: Any = None


class PathQuestion(Struct, frozen=True, tag="path"):
    """Ask where a path of the engine's host leads once all links are followed, and who can make it lead elsewhere."""

    path: str


class PathAnswer(Struct, frozen=True, tag="path"):
    """Where a path leads. `kind` is that of the last file.

    `writers` are the uids that can replace a directory or link on the way there, by the owner and mode of each parent;
    `writer_groups` the gids. Root always can, and is not among them. `everybody` is true where any user can.
    """

    path: str
    kind: Literal["directory", "file", "socket", "device", "missing"]
    writers: tuple[int, ...] = ()
    writer_groups: tuple[int, ...] = ()
    everybody: bool = False


class ImageQuestion(Struct, frozen=True, tag="image"):
    """Ask for evidence about an image: the digest that its tag names now, whether trusted, what is exploited in it."""

    image: str
    needs: tuple[Evidence, ...]


class ImageAnswer(Struct, frozen=True, tag="image"):
    """Evidence about an image; only what was asked for is filled.

    `digest` is "sha256:…", "" where the image has none. `distrusted` says why the trust policy refuses it, "" where it
    accepts it. `exploited` names its known vulnerabilities that are exploited.
    """

    digest: str = ""
    distrusted: str = ""
    exploited: tuple[str, ...] = ()


class ArchiveQuestion(Struct, frozen=True, tag="archive"):
    """Ask what is in the archive that the request streams: a build's context, whose Dockerfile is named, or images.

    It is answered before other questions, since it takes as long as the client sends.
    """

    kind: Literal["context", "images"]
    dockerfile: str = ""


class ArchivedImage(Struct, frozen=True):
    """An image in an archive: the names that it takes, the JSON of its configuration, and the ids that it may have.

    An engine's id of an image is the digest of its configuration, or of a manifest of it.
    """

    names: tuple[str, ...]
    config: str
    ids: tuple[str, ...] = ()


class ArchiveAnswer(Struct, frozen=True, tag="archive"):
    """What was read of an archive: a Dockerfile's text, or images.

    `wrong` says why it cannot be read as the engine reads it, and `remedy` what to do; `unread` why nothing was read.
    """

    dockerfile: str = ""
    images: tuple[ArchivedImage, ...] = ()
    wrong: str = ""
    remedy: str = ""
    unread: str = ""


class NoAnswer(Struct, frozen=True, tag="none"):
    """No answer within the deadline: why not, and how to get one."""

    why: str
    remedy: str = ""


Question: TypeAlias = EngineQuestion | PathQuestion | ImageQuestion | ArchiveQuestion
Answer: TypeAlias = EngineAnswer | PathAnswer | ImageAnswer | ArchiveAnswer | NoAnswer
Answers: TypeAlias = Mapping[Question, Answer]


class GuardReason(Struct, frozen=True):
    """Why a request is denied, or would be: the rule's id, what is wrong in the request, how to do it right.

    Ids that begin with G are the guard's own (docs/guide/guard.md has them); others are rules of the rule book.
    """

    rule: str
    why: str
    remedy: str = ""


class AnswerFilter(Struct, frozen=True):
    """What of the engine's JSON answer the caller may see. `ownership.filter_answer` applies it.

    With `own`, the objects with this label; with a reach, the containers and images in it.
    """

    label: str
    value: str
    own: bool = True
    reach: Reach = Reach()


class Allowed(Struct, frozen=True):
    """The request may pass: forward this target and body, not what the client sent.

    `body` is None for a stream, which is forwarded as it comes. `changes` says in words what was changed, for the
    answer. `answer_filter` is for answers that the engine cannot filter. `exempted` are faults that an
    exemption of the policy suppresses, `would_deny` those that the policy only watches (mode "audit"), `skipped` the
    rules that could not be evaluated, `unread` what of the request is a stream that nothing evaluates.
    """

    route: ApiRoute | None
    caller: str
    target: str
    body: bytes | None
    changes: tuple[str, ...] = ()
    answer_filter: AnswerFilter | None = None
    exempted: tuple[GuardReason, ...] = ()
    would_deny: tuple[GuardReason, ...] = ()
    skipped: tuple[str, ...] = ()
    unread: str = ""


class Denied(Struct, frozen=True):
    """The request must not pass. `caller` is the policy's name for the caller, "" where it has none."""

    reasons: tuple[GuardReason, ...]
    route: ApiRoute | None = None
    caller: str = ""
    setting: Location | None = None
    """Where the caller stands in the policy."""
    created: str = ""
    """The name of the container or service that would be created."""


class NeedsFacts(Struct, frozen=True):
    """The decision needs answers to these questions, and then a second call."""

    questions: tuple[Question, ...]


GuardDecision: TypeAlias = Allowed | Denied | NeedsFacts
