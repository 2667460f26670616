"""One repository's content trust: verify and list tags, sign, delegate, rotate, revoke.

`verify` and `signed` need a server, Docker's trust directory and a pin; the rest needs a keyring too.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime

from sealock.errors import SigningError, TargetError
from sealock.model.trust import SignedRepository, SignedTag, VerifiedTag
from sealock.trust.notary.directory import TrustDirectory
from sealock.trust.notary.editor import Editor, digest_meta, first_files
from sealock.trust.notary.keyring import Keyring
from sealock.trust.notary.keys import canonical_id
from sealock.trust.notary.metadata import NotaryKey, key_id, version_of
from sealock.trust.notary.privatekeys import NotaryPrivateKey
from sealock.trust.notary.result import ending, find_tag, states, tags_of, unsigned
from sealock.trust.notary.roles import bound, parent
from sealock.trust.notary.server import Server
from sealock.trust.notary.signer import certify, new_root
from sealock.trust.notary.trusted import TrustedMetadata, can_sign
from sealock.trust.notary.workflow import Update
from sealock.trust.pins import Pin
from sealock.trust.refusal import MetadataRefusedError


class Repository:
    """A repository at its notary server, with its metadata in the trust directory."""

    def __init__(self, server: Server, directory: TrustDirectory, pin: Pin, now: datetime | None = None) -> None:
        self.gun, self.server, self.directory, self.pin = server.gun, server, directory, pin
        self.now = now or datetime.now(UTC)

    # Reading.

    def verify(self, tag: str) -> VerifiedTag:
        """Verify a tag, and return the digest that it is signed for.

        TrustError: it is not trusted. TransportError: it could not be verified.
        """
        update = self._update()
        signed_tag = find_tag(update.trusted, tag)
        if signed_tag is None:
            raise unsigned(update.trusted, tag, update.elsewhere(tag))
        return self._verified(update, signed_tag)

    def verify_digest(self, digest: str) -> VerifiedTag:
        """Verify the first tag that is signed for a digest; errors as for `verify`."""
        update = self._update()
        for signed_tag in tags_of(update.trusted):
            if signed_tag.digest == digest:
                return self._verified(update, signed_tag)
        raise MetadataRefusedError(check="unsigned", why=f"no tag of {self.gun} is signed for {digest}")

    def _verified(self, update: Update, signed_tag: SignedTag) -> VerifiedTag:
        return VerifiedTag(
            repository=self.gun,
            tag=signed_tag,
            rests_on=update.trusted.rests_on,
            server=self.server.address,
            roles=states(update.trusted),
            requests=self.server.requests,
            notes=(*update.notes, *ending(update.trusted)),
        )

    def signed(self) -> SignedRepository:
        """List every tag that `verify` would trust, and the root that they rest on; errors as there."""
        trusted = self._update().trusted
        return SignedRepository(
            self.gun, tuple(tags_of(trusted)), trusted.root.body.roles["root"].keys, trusted.rests_on
        )

    def trusted(self) -> TrustedMetadata:
        """Verify the whole repository, and return its trusted metadata."""
        return self._update().trusted

    def _update(self, *, lenient: bool = False) -> Update:
        update = Update(self.gun, self.pin, self.now, self.server, lambda role: self.directory.read(self.gun, role))
        update.trusted.lenient = lenient
        try:
            update.run()
        except MetadataRefusedError as error:
            # Metadata that was trusted before the refusal is stored, so that it cannot be rolled back. But a stored new
            # root would discard what its withdrawn keys signed, and so not refuse this rollback next time.
            if not update.first_use and not (error.check == "rollback" and "root" in update.fresh):
                self._keep(update)
            raise
        self._keep(update)
        return update

    def _keep(self, update: Update) -> None:
        try:
            self.directory.write(
                self.gun, {role: raw for role, raw in update.fresh.items() if self._newer(update, role)}
            )
        except TargetError as error:
            update.notes.append(f"{error}; so the next use cannot detect a rollback from this one")

    def _newer(self, update: Update, role: str) -> bool:
        """Whether no other process has stored a newer version meanwhile, which must not be overwritten."""
        stored = self.directory.read(self.gun, role)
        return stored in {None, update.had(role)} or version_of(stored or b"") <= version_of(update.fresh[role])

    # Writing.

    def refuse_if_signed(self) -> None:
        """Raise SigningError where there is trust data already."""
        if self.server.get("root", "root", bound("root")) is not None:
            msg = f"{self.gun} is signed already: there is trust data at {self.server.address}"
            raise SigningError(msg)

    def initialise(self, keyring: Keyring, root: NotaryPrivateKey, *, local_snapshot: bool = False) -> str:
        """Start signing a repository, and return the root certificate's id; SigningError where it is signed already."""
        self.refuse_if_signed()
        # The server's keys first, so that no key is created here if it cannot be reached.
        timestamp = self.server.key("timestamp")
        snapshot = None if local_snapshot else self.server.key("snapshot")
        targets = keyring.make("targets", self.gun).public
        keys = {
            "root": [certify(root, self.gun, self.now)],
            "targets": [targets],
            "snapshot": [snapshot or keyring.make("snapshot", self.gun).public],
            "timestamp": [timestamp],
        }
        opened = _opening(keyring, {canonical_id(root.public): root})
        files = first_files(new_root(keys, self.now), opened, self.now)
        self.server.publish(files)
        # Our own root needs no trust on first use.
        self.directory.forget(self.gun)
        self.directory.write(self.gun, {"root": files["root"]})
        self._update()
        return key_id(keys["root"][0])

    def change(self, keyring: Keyring, edit: Callable[[Editor], None], roles: Iterable[str] = ()) -> dict[str, bytes]:
        """Verify, change, sign and publish; return the published files. `roles` are delegations to load first."""
        update = self._update(lenient=True)
        for role in roles:
            update.load(role)
        self._keep(update)
        editor = Editor(update.trusted, self.now)
        edit(editor)
        files = editor.files(_opening(keyring, {}))
        if files:
            self.server.publish(files)
            if "root" in files:
                self.directory.write(self.gun, {"root": files["root"]})
            self._update(lenient=True)
        return files

    def signing_roles(self, keyring: Keyring, tag: str) -> tuple[str, ...]:
        """The roles to sign a tag in, as Docker does: the delegations whose keys are here, or targets without any."""
        targets = self._update(lenient=True).trusted.targets["targets"].body
        if not targets.delegations:
            return ("targets",)
        ours = tuple(
            delegation.name
            for delegation in targets.delegations
            if can_sign(delegation, tag) and any(keyring.has(targets.keys[name]) for name in delegation.role.keys)
        )
        if not ours:
            names = ", ".join(delegation.name for delegation in targets.delegations)
            msg = f"{self.gun} delegates its signing ({names}), and none of these roles' private keys is here"
            raise SigningError(msg)
        return ours

    def sign(self, keyring: Keyring, tag: str, digest: str, length: int, roles: Iterable[str] = ()) -> tuple[str, ...]:
        """Sign a tag for a digest; return the roles that signed it."""
        meta = digest_meta(digest, length)
        chosen = tuple(roles) or self.signing_roles(keyring, tag)

        def edit(editor: Editor) -> None:
            for role in chosen:
                editor.add_tag(role, tag, meta)

        self.change(keyring, edit, (role for role in chosen if role != "targets"))
        return chosen

    def renew(self, keyring: Keyring, *, root: bool) -> tuple[str, ...]:
        """Sign targets, the delegations with keys here, and optionally the root, again unchanged; return the roles."""
        targets = self._update(lenient=True).trusted.targets["targets"].body
        ours = [
            delegation.name
            for delegation in targets.delegations
            if any(keyring.has(targets.keys[name]) for name in delegation.role.keys)
        ]

        def edit(editor: Editor) -> None:
            for role in (*(("root",) if root else ()), "targets", *ours):
                if role in {"root", "targets"} or editor.targets(role).version:
                    editor.touch(role)

        return tuple(self.change(keyring, edit, ours))

    def revoke(self, keyring: Keyring, tag: str, roles: Iterable[str] = ()) -> tuple[str, ...]:
        """Stop signing a tag in the given roles, or in all; return the roles that had it."""
        update = self._update(lenient=True)
        delegated = [delegation.name for delegation in update.trusted.targets["targets"].body.delegations]
        chosen = tuple(roles) or ("targets", *delegated)
        gone: list[str] = []

        def edit(editor: Editor) -> None:
            gone.extend(role for role in chosen if editor.remove_tag(role, tag))

        self.change(keyring, edit, (role for role in chosen if role != "targets"))
        if not gone:
            msg = f"{self.gun}:{tag} is not signed in {', '.join(chosen)}"
            raise SigningError(msg)
        return tuple(gone)

    def delegate(
        self,
        keyring: Keyring,
        names: Iterable[str],
        keys: Iterable[NotaryKey],
        paths: Iterable[str],
        threshold: int = 1,
    ) -> None:
        """Delegate each of these roles below targets to keys."""
        names, keys, paths = tuple(names), tuple(keys), tuple(paths)

        def edit(editor: Editor) -> None:
            for name in names:
                editor.add_delegation(name, keys, paths, threshold)

        self.change(keyring, edit, (above for name in names for above in _above(name)))

    def withdraw(self, keyring: Keyring, name: str, keys: Iterable[str] = (), also: Iterable[str] = ()) -> None:
        """Remove a delegation, or some of its keys; these keys are removed from the roles `also` too."""
        gone, also = tuple(keys), tuple(also)

        def edit(editor: Editor) -> None:
            listed = editor.targets(parent(name)).keys
            withdrawn = gone or tuple(canonical_id(listed[key]) for key in editor.delegation(name).role.keys)
            existing = {
                delegation.name
                for above in {parent(other) for other in also}
                for delegation in editor.targets(above).delegations
            }
            for other in also:
                if other in existing:
                    editor.remove_delegation(other, withdrawn)
            editor.remove_delegation(name, gone)

        self.change(keyring, edit, _above(name))

    def rotate(self, keyring: Keyring, role: str, *, by_server: bool, new: NotaryPrivateKey | None = None) -> str:
        """Give a role a new key, here or at the server; return its id. The old and the new key sign a new root."""
        root = self._update(lenient=True).trusted.root.body
        if not any(keyring.open("root", root.keys[name]) for name in root.roles["root"].keys):
            # Before the server creates a key that could not be used.
            msg = f"rotating keys of {self.gun} needs its root key, whose private half is not here"
            raise SigningError(msg)
        if by_server:
            key = self.server.rotate(role)
        elif role == "root":
            key = certify(new or keyring.make("root"), self.gun, self.now)
        else:
            key = (new or keyring.make(role, self.gun)).public
        self.change(keyring, lambda editor: editor.replace_keys(role, (key,)))
        return key_id(key)

    def delete(self) -> None:
        """Delete the repository's trust data at the server and in the trust directory."""
        self.server.delete()
        self.directory.forget(self.gun)


def _above(name: str) -> tuple[str, ...]:
    above = parent(name)
    return (above,) if above != "targets" else ()


def _opening(
    keyring: Keyring, given: Mapping[str, NotaryPrivateKey]
) -> Callable[[str, NotaryKey], NotaryPrivateKey | None]:
    """Open the given keys, or those of the keyring."""
    return lambda role, key: given.get(canonical_id(key)) or keyring.open(role, key)
