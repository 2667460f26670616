"""Requests to registries: signed in where that is called for, tried again where that may help, refused in words."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Final
from urllib.parse import urlsplit

from msgspec import Struct

from sealock.errors import TransportError
from sealock.model.imagename import ImageName
from sealock.model.registries import Registries
from sealock.net.http.connections import reach_of
from sealock.net.registry.auth import Authorizer, withheld_words
from sealock.net.registry.credentials import Credentials
from sealock.net.registry.manifests import ManifestError, strict_json
from sealock.net.registry.names import host_of
from sealock.net.transport import BrokenOffError, NobodyError, NoTlsError, Response, Transport, shown

ATTEMPTS: Final = 5
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Statuses that another attempt may not meet."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.5, 8.0
_LONGEST_WAIT: Final = 60.0
"""Seconds of a Retry-After that are waited; who asks for more is not asked again."""
_LONGEST_SILENCE: Final = 60.0
"""Seconds after which a server that breaks off or keeps silent is given up, however few attempts that were."""
_ERROR: Final = 64 << 10


class RateLimit(Struct, frozen=True):
    """What a registry told of its limit: how many pulls it grants, how many are left, and for how many seconds."""

    limit: int
    remaining: int
    window: int = 0


class RegistryError(TransportError):
    """A registry refused. `status` is HTTP's."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class Asker:
    """Sends requests to registries. May be used by several threads at once."""

    def __init__(
        self,
        transport: Transport,
        credentials: Credentials,
        settings: Registries,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.transport, self.settings, self._pause = transport, settings, pause
        self.authorizer = Authorizer(transport, credentials, settings)
        self._lock = Lock()
        self._bases: dict[str, str] = {}
        self._silent: dict[str, tuple[float, str]] = {}
        """Hosts that were given up, since when, and why."""
        self.limits: dict[str, RateLimit] = {}
        """By registry host, as last told."""

    def ask(  # noqa: PLR0913  a request has as many parts
        self,
        name: ImageName,
        method: str,
        path: str,
        *,
        actions: str = "pull",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accepted: Iterable[int] = (200,),
        host: str = "",
        others: tuple[str, ...] = (),
        again: bool = True,
    ) -> Response:
        """Send a request for a repository (`path` below /v2/NAME/) and give an answer of an accepted status.

        `host` is a mirror's, "" for the registry's own. `others` are further repositories that are read on the way.
        RegistryError tells of any other status, TransportError of no answer.
        """
        url = f"{self.base(host or host_of(name))}/v2/{name.repository}/{path}"
        return self.ask_at(
            name,
            method,
            url,
            actions=actions,
            headers=headers,
            body=body,
            accepted=accepted,
            host=host,
            others=others,
            again=again,
        )

    def ask_at(  # noqa: PLR0913  as ask
        self,
        name: ImageName,
        method: str,
        url: str,
        *,
        actions: str = "pull",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        accepted: Iterable[int] = (200,),
        host: str = "",
        others: tuple[str, ...] = (),
        named_by: str = "",
        again: bool = True,
    ) -> Response:
        """As ask, of a whole URL, which `named_by` gave us. Without `again`, a request is sent once."""
        host = host or host_of(name)
        scopes = (f"repository:{name.repository}:{actions}", *(f"repository:{other}:pull" for other in others))
        begun = time.monotonic()
        self._check_given_up(host, begun)
        for attempt in range(ATTEMPTS if again else 1):
            last = attempt == (ATTEMPTS if again else 1) - 1
            try:
                answer = self._signed_in(name, host, method, url, headers or {}, body, scopes, named_by)
            except BrokenOffError as error:
                self.note_silence(host, begun, error)
                if last or given_up(begun):
                    raise
                self._rest(attempt)
                continue
            self._note(host, answer)
            if answer.status in accepted:
                return answer
            wait = _asked_wait(answer)
            if last or answer.status not in _PASSING or (wait is not None and wait > _LONGEST_WAIT):
                raise self.refusal(name, host, answer)
            answer.close()
            self._rest(attempt, wait)
        raise AssertionError  # the last attempt returns or raises

    def note_silence(self, host: str, begun: float, error: BrokenOffError) -> None:
        """Remember a host that has just been given up, if what began then is: the next request need not wait too."""
        if given_up(begun):
            with self._lock:
                self._silent[host] = time.monotonic(), str(error)

    def _check_given_up(self, host: str, now: float) -> None:
        with self._lock:
            since, why = self._silent.get(host, (-_LONGEST_SILENCE, ""))
        if why and now - since < _LONGEST_SILENCE:
            message = f"{host} is not asked again so soon: {why}"
            raise BrokenOffError(message)

    def base(self, host: str) -> str:
        """SCHEME://HOST of a registry. Plain HTTP is for this machine and for hosts that the policy names, and last."""
        with self._lock:
            known = self._bases.get(host)
        if known is None:
            known = f"https://{host}"
            if self._may_be_plain(host):
                try:
                    self.transport.request("GET", f"{known}/v2/").close()
                except (NoTlsError, NobodyError):
                    known = f"http://{host}"
            with self._lock:
                self._bases[host] = known
        return known

    def _may_be_plain(self, host: str) -> bool:
        bare = host if host.endswith("]") else host.rpartition(":")[0] or host
        return reach_of(bare) == "loopback" or bool({host, bare} & set(self.settings.insecure))

    def _signed_in(  # noqa: PLR0913, PLR0917  as ask
        self,
        name: ImageName,
        host: str,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        scopes: tuple[str, ...],
        named_by: str,
    ) -> Response:
        """Send a request; where the registry wants to know who asks, tell it, and send it anew."""
        own = _origin(url) == _origin(self.base(host))
        for attempt in (1, 2):
            authorization = self.authorizer.authorization(host, name.repository, scopes) if own else ""
            sent = {**headers, "authorization": authorization} if authorization else headers
            answer = self.transport.request(method, url, headers=sent, body=body, named_by=named_by)
            if answer.status != 401 or attempt == 2 or not own or _origin(answer.url) != _origin(url):
                return answer
            if not self.authorizer.learn(host, url, answer.headers.get("www-authenticate", ""), scopes):
                return answer
            answer.close()
        raise AssertionError  # the second attempt returns

    def rest(self, attempt: int) -> None:
        """Wait before another attempt, for longer each time."""
        self._rest(attempt)

    def _rest(self, attempt: int, wait: float | None = None) -> None:
        pause = min(_FIRST_PAUSE * 2**attempt, _LONGEST_PAUSE)
        # Jitter: clients that failed together must not come back together.
        self._pause((wait or 0.0) + pause * random.uniform(0.5, 1.0))  # noqa: S311  no secret

    def _note(self, host: str, answer: Response) -> None:
        limit, window = _amount(answer.headers.get("ratelimit-limit", ""))
        remaining, _ = _amount(answer.headers.get("ratelimit-remaining", ""))
        if limit is not None and remaining is not None:
            self.limits[host] = RateLimit(limit, remaining, window or 0)

    def refusal(self, name: ImageName, host: str, answer: Response) -> RegistryError:
        """What a status means, in words, with the registry's own; closes the answer."""
        where, status = f"{name.registry}/{name.repository}", answer.status
        told = self._told(answer)
        wait = _asked_wait(answer)
        answer.close()
        if status == 401 and host in self.authorizer.withheld:
            words = withheld_words(host, self.authorizer.withheld[host])
        elif status in {401, 403}:
            words = f"{where}: not allowed. Is the name right? If so, run `docker login {name.registry}`"
        elif status == 404:
            what = shown(answer.url).rpartition("/")[2][:100]
            words = f"{where}{'@' if ':' in what else ':'}{what} is not there"
        elif status == 429:
            limit = self.limits.get(host)
            left = f" ({limit.remaining} of {limit.limit} pulls left)" if limit else ""
            when = f"in {wait:.0f} s" if wait is not None else "later"
            words = (
                f"{where}: the registry limits how often it is asked{left}. Sign in, use a mirror, or try again {when}"
            )
        elif 300 <= status < 400:
            words = f"{where}: the registry answers {status}, and leads to nowhere that can be followed"
        elif status >= 500:
            words = f"{where}: the registry has a fault of its own ({status}); it was asked several times. Try later"
        else:
            words = f"{where}: the registry answers {status} to {shown(answer.url)}"
        return RegistryError(words + told, status)

    def _told(self, answer: Response) -> str:
        """What the registry says of an error, in its own words, "" for nothing readable."""
        try:
            table = strict_json(answer.read(_ERROR))
            first = table["errors"][0]
            words = f"{first['code']}: {first['message']}"
        except (ManifestError, TransportError, LookupError, TypeError):
            return ""
        return f" (it says {self.authorizer.clean(words)[:200]!r})"


def given_up(begun: float) -> bool:
    """Whether what began at that moment (by the monotonic clock) has taken so long that it is not tried again."""
    return time.monotonic() - begun >= _LONGEST_SILENCE


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _amount(text: str) -> tuple[int | None, int | None]:
    """Read "100;w=21600", of RateLimit headers."""
    number, _, rest = text[:100].partition(";")
    number, window = number.strip(), rest.strip().removeprefix("w=")
    return (
        int(number) if number.isascii() and number.isdigit() else None,
        int(window) if window.isascii() and window.isdigit() else None,
    )


def _asked_wait(answer: Response) -> float | None:
    """Seconds of a Retry-After, which is a number or a date."""
    text = answer.headers.get("retry-after", "").strip()[:100]
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        return max(0.0, (parsedate_to_datetime(text) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
