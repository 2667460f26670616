-- to m0001_contents
CREATE TABLE image (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	digest TEXT NOT NULL,
	configuration TEXT DEFAULT '' NOT NULL,
	platform TEXT DEFAULT '' NOT NULL,
	created TEXT DEFAULT '' NOT NULL,
	distribution TEXT DEFAULT '' NOT NULL,
	stream TEXT DEFAULT '' NOT NULL,
	errors TEXT DEFAULT '' NOT NULL,
	notes TEXT DEFAULT '' NOT NULL,
	analyzer TEXT DEFAULT '' NOT NULL,
	size BIGINT DEFAULT 0 NOT NULL,
	first_seen DOUBLE NOT NULL,
	scanned DOUBLE NOT NULL,
	CONSTRAINT uq_image_digest UNIQUE (digest)
)
CREATE TABLE layer (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	diff_id TEXT NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	size BIGINT DEFAULT 0 NOT NULL,
	first_seen DOUBLE NOT NULL,
	CONSTRAINT uq_layer_diff_id UNIQUE (diff_id)
)
CREATE TABLE package (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"key" TEXT NOT NULL,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	purl TEXT NOT NULL,
	thing TEXT NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	distribution TEXT DEFAULT '' NOT NULL,
	stream TEXT DEFAULT '' NOT NULL,
	unchecked TEXT DEFAULT '' NOT NULL,
	grave BOOLEAN DEFAULT (false) NOT NULL,
	covered BOOLEAN DEFAULT (false) NOT NULL,
	CONSTRAINT uq_package_key UNIQUE ("key")
)
CREATE INDEX ix_package_name ON package (name)
CREATE INDEX ix_package_thing ON package (thing)
CREATE TABLE place (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	ecosystem TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	CONSTRAINT uq_place_ecosystem_name UNIQUE (ecosystem, name)
)
CREATE INDEX ix_place_name ON place (name)
CREATE TABLE repository (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	first_seen DOUBLE NOT NULL,
	watched BOOLEAN DEFAULT (false) NOT NULL,
	polled DOUBLE,
	poll_error TEXT DEFAULT '' NOT NULL,
	gone DOUBLE,
	successor TEXT DEFAULT '' NOT NULL,
	critical INTEGER DEFAULT 0 NOT NULL,
	high INTEGER DEFAULT 0 NOT NULL,
	medium INTEGER DEFAULT 0 NOT NULL,
	low INTEGER DEFAULT 0 NOT NULL,
	exploited INTEGER DEFAULT 0 NOT NULL,
	fixable INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT uq_repository_name UNIQUE (name)
)
CREATE TABLE image_layer (
	image_id INTEGER NOT NULL,
	position INTEGER NOT NULL,
	layer_id INTEGER NOT NULL,
	created_by TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_image_layer PRIMARY KEY (image_id, position),
	CONSTRAINT fk_image_layer_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_image_layer_layer_id FOREIGN KEY(layer_id) REFERENCES layer (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_layer_layer_id ON image_layer (layer_id)
CREATE TABLE layer_slice (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	"key" TEXT NOT NULL,
	layer_id INTEGER,
	CONSTRAINT fk_layer_slice_layer_id FOREIGN KEY(layer_id) REFERENCES layer (id) ON DELETE CASCADE,
	CONSTRAINT uq_layer_slice_key UNIQUE ("key")
)
CREATE TABLE package_place (
	place_id INTEGER NOT NULL,
	package_id INTEGER NOT NULL,
	CONSTRAINT pk_package_place PRIMARY KEY (place_id, package_id),
	CONSTRAINT fk_package_place_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE,
	CONSTRAINT fk_package_place_place_id FOREIGN KEY(place_id) REFERENCES place (id) ON DELETE CASCADE
)
CREATE INDEX ix_package_place_package_id ON package_place (package_id)
CREATE TABLE repository_image (
	repository_id INTEGER NOT NULL,
	image_id INTEGER NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	current BOOLEAN DEFAULT (false) NOT NULL,
	CONSTRAINT pk_repository_image PRIMARY KEY (repository_id, image_id),
	CONSTRAINT fk_repository_image_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_image_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_image_image_id ON repository_image (image_id)
CREATE TABLE tag (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	repository_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	image_id INTEGER,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	until DOUBLE,
	signed BOOLEAN,
	CONSTRAINT fk_tag_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_tag_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_tag_digest ON tag (digest)
CREATE INDEX ix_tag_image_id ON tag (image_id)
CREATE INDEX ix_tag_repository_id_name ON tag (repository_id, name)
CREATE UNIQUE INDEX uq_tag_current ON tag (repository_id, name) WHERE until IS NULL
CREATE TABLE image_slice (
	image_id INTEGER NOT NULL,
	slice_id INTEGER NOT NULL,
	CONSTRAINT pk_image_slice PRIMARY KEY (image_id, slice_id),
	CONSTRAINT fk_image_slice_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_image_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_slice_slice_id ON image_slice (slice_id)
CREATE TABLE repository_slice (
	slice_id INTEGER NOT NULL,
	repository_id INTEGER NOT NULL,
	CONSTRAINT pk_repository_slice PRIMARY KEY (slice_id, repository_id),
	CONSTRAINT fk_repository_slice_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_slice_repository_id ON repository_slice (repository_id)
CREATE TABLE slice_package (
	slice_id INTEGER NOT NULL,
	package_id INTEGER NOT NULL,
	owner_id INTEGER,
	path TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_slice_package PRIMARY KEY (slice_id, package_id),
	CONSTRAINT fk_slice_package_owner_id FOREIGN KEY(owner_id) REFERENCES package (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE
)
 WITHOUT ROWID
CREATE INDEX ix_slice_package_package_id ON slice_package (package_id, slice_id)
-- to m0002_findings
CREATE TABLE host (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	version TEXT DEFAULT '' NOT NULL,
	engine TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT uq_host_name UNIQUE (name)
)
CREATE TABLE acknowledgement (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	repository_id INTEGER,
	rule TEXT NOT NULL,
	thing TEXT DEFAULT '' NOT NULL,
	reason TEXT NOT NULL,
	justification TEXT DEFAULT '' NOT NULL,
	until TEXT DEFAULT '' NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	made DOUBLE NOT NULL,
	CONSTRAINT fk_acknowledgement_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_acknowledgement_rule ON acknowledgement (rule)
CREATE TABLE container (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	host_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	reference TEXT DEFAULT '' NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	configuration TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	gone DOUBLE,
	CONSTRAINT fk_container_host_id FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE,
	CONSTRAINT uq_container_host_id_name UNIQUE (host_id, name)
)
CREATE INDEX ix_container_configuration ON container (configuration)
CREATE INDEX ix_container_digest ON container (digest)
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	uid TEXT NOT NULL,
	kind TEXT NOT NULL,
	at DOUBLE NOT NULL,
	repository_id INTEGER,
	rule TEXT DEFAULT '' NOT NULL,
	thing TEXT DEFAULT '' NOT NULL,
	severity INTEGER DEFAULT (-1) NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	CONSTRAINT fk_event_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT uq_event_uid UNIQUE (uid)
)
CREATE INDEX ix_event_at ON event (at)
CREATE INDEX ix_event_kind_at ON event (kind, at)
CREATE INDEX ix_event_repository_id_at ON event (repository_id, at)
CREATE TABLE finding (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	repository_id INTEGER NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT (false) NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	gone DOUBLE,
	revision INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT fk_finding_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT uq_finding_repository_id_rule_thing UNIQUE (repository_id, rule, thing)
)
CREATE INDEX ix_finding_rule ON finding (rule, repository_id)
CREATE INDEX ix_finding_thing ON finding (thing)
CREATE TABLE hit (
	package_id INTEGER NOT NULL,
	flaw TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT (false) NOT NULL,
	suppressed TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_hit PRIMARY KEY (package_id, flaw),
	CONSTRAINT fk_hit_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE
)
CREATE INDEX ix_hit_flaw ON hit (flaw)
CREATE TABLE image_finding (
	image_id INTEGER NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_image_finding PRIMARY KEY (image_id, rule, thing),
	CONSTRAINT fk_image_finding_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_finding_rule ON image_finding (rule)
CREATE TABLE container_finding (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	container_id INTEGER,
	host_id INTEGER NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	use TEXT NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	CONSTRAINT fk_container_finding_container_id FOREIGN KEY(container_id) REFERENCES container (id) ON DELETE CASCADE,
	CONSTRAINT fk_container_finding_host_id FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
)
CREATE INDEX ix_container_finding_container_id ON container_finding (container_id)
CREATE INDEX ix_container_finding_host_id ON container_finding (host_id)
CREATE INDEX ix_container_finding_rule ON container_finding (rule)
-- to m0003_work
CREATE TABLE claim (
	digest TEXT NOT NULL,
	owner TEXT NOT NULL,
	until DOUBLE NOT NULL,
	CONSTRAINT pk_claim PRIMARY KEY (digest)
)
CREATE TABLE credential (
	host TEXT NOT NULL,
	login BLOB NOT NULL,
	changed DOUBLE NOT NULL,
	CONSTRAINT pk_credential PRIMARY KEY (host)
)
CREATE TABLE facts (
	name TEXT NOT NULL,
	data BLOB NOT NULL,
	used DOUBLE NOT NULL,
	CONSTRAINT pk_facts PRIMARY KEY (name)
)
CREATE TABLE feed (
	name TEXT NOT NULL,
	title TEXT DEFAULT '' NOT NULL,
	date TEXT DEFAULT '' NOT NULL,
	fetched DOUBLE,
	checked DOUBLE,
	error TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_feed PRIMARY KEY (name)
)
CREATE TABLE job (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	due DOUBLE NOT NULL,
	owner TEXT DEFAULT '' NOT NULL,
	lease DOUBLE,
	tries INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT uq_job_kind_key UNIQUE (kind, "key")
)
CREATE INDEX ix_job_due ON job (due)
CREATE TABLE parked (
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	reason TEXT NOT NULL,
	tries INTEGER NOT NULL,
	at DOUBLE NOT NULL,
	CONSTRAINT pk_parked PRIMARY KEY (kind, "key")
)
CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
)
CREATE TABLE scan (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	repository_id INTEGER NOT NULL,
	tag TEXT DEFAULT '' NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	state TEXT NOT NULL,
	reason TEXT DEFAULT '' NOT NULL,
	tries INTEGER DEFAULT 0 NOT NULL,
	requested_by TEXT DEFAULT '' NOT NULL,
	requested DOUBLE NOT NULL,
	finished DOUBLE,
	image_id INTEGER,
	CONSTRAINT fk_scan_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_scan_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_scan_repository_id ON scan (repository_id)
CREATE INDEX ix_scan_state ON scan (state)
-- to m0004_causes
ALTER TABLE event ADD COLUMN cause TEXT DEFAULT '' NOT NULL
CREATE INDEX ix_image_finding_thing ON image_finding (thing)
CREATE INDEX ix_scan_image_id ON scan (image_id)
CREATE INDEX ix_slice_package_owner_id ON slice_package (owner_id) WHERE owner_id IS NOT NULL
-- to m0005_access
CREATE TABLE account (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	password TEXT NOT NULL,
	role TEXT NOT NULL,
	made DOUBLE NOT NULL,
	CONSTRAINT uq_account_name UNIQUE (name)
)
CREATE TABLE audit (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	at DOUBLE NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,
	about TEXT DEFAULT '' NOT NULL,
	address TEXT DEFAULT '' NOT NULL
)
CREATE INDEX ix_audit_at ON audit (at)
CREATE TABLE invitation (
	digest TEXT NOT NULL,
	role TEXT NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	until DOUBLE NOT NULL,
	CONSTRAINT pk_invitation PRIMARY KEY (digest)
)
CREATE TABLE token (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	role TEXT NOT NULL,
	scope TEXT NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	made DOUBLE NOT NULL,
	until DOUBLE,
	used DOUBLE,
	CONSTRAINT uq_token_digest UNIQUE (digest)
)
CREATE TABLE webhook (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	secret BLOB NOT NULL,
	kinds TEXT NOT NULL,
	least INTEGER DEFAULT 0 NOT NULL,
	scope TEXT NOT NULL,
	period TEXT DEFAULT '' NOT NULL,
	disabled TEXT DEFAULT '' NOT NULL,
	settled BIGINT DEFAULT 0 NOT NULL,
	made DOUBLE NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL
)
CREATE TABLE message (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	webhook_id INTEGER NOT NULL,
	uid TEXT NOT NULL,
	state TEXT NOT NULL,
	made DOUBLE NOT NULL,
	due DOUBLE NOT NULL,
	lease DOUBLE,
	tries INTEGER DEFAULT 0 NOT NULL,
	error TEXT DEFAULT '' NOT NULL,
	finished DOUBLE,
	CONSTRAINT fk_message_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE,
	CONSTRAINT uq_message_uid UNIQUE (uid)
)
CREATE INDEX ix_message_state_due ON message (state, due)
CREATE INDEX ix_message_webhook_id_state ON message (webhook_id, state)
CREATE TABLE session (
	digest TEXT NOT NULL,
	account_id INTEGER NOT NULL,
	made DOUBLE NOT NULL,
	used DOUBLE NOT NULL,
	CONSTRAINT pk_session PRIMARY KEY (digest),
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
)
CREATE INDEX ix_session_account_id ON session (account_id)
CREATE TABLE message_event (
	webhook_id INTEGER NOT NULL,
	event_id INTEGER NOT NULL,
	message_id INTEGER NOT NULL,
	CONSTRAINT pk_message_event PRIMARY KEY (webhook_id, event_id),
	CONSTRAINT fk_message_event_message_id FOREIGN KEY(message_id) REFERENCES message (id) ON DELETE CASCADE,
	CONSTRAINT fk_message_event_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE
)
CREATE INDEX ix_message_event_message_id ON message_event (message_id)
-- to m0006_configurations
CREATE TABLE configuration (
	image_id INTEGER NOT NULL,
	settings TEXT DEFAULT '' NOT NULL,
	base TEXT DEFAULT '' NOT NULL,
	chain TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_configuration PRIMARY KEY (image_id),
	CONSTRAINT fk_configuration_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_configuration_chain ON configuration (chain)
-- to m0007_indexes
DROP INDEX ix_event_at
DROP INDEX ix_event_kind_at
DROP INDEX ix_event_repository_id_at
)
CREATE TABLE _alembic_tmp_event (
at DOUBLE NOT NULL
cause TEXT DEFAULT ('') NOT NULL
detail TEXT DEFAULT ('') NOT NULL
id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
kind TEXT NOT NULL
repository_id INTEGER
rule TEXT DEFAULT ('') NOT NULL
severity INTEGER DEFAULT (-1) NOT NULL
thing TEXT DEFAULT ('') NOT NULL
uid TEXT NOT NULL
FROM event
INSERT INTO _alembic_tmp_event (id, uid, kind, at, repository_id, rule, thing, severity, detail, cause) SELECT event.id, event.uid, event.kind, event.at, event.repository_id, event.rule, event.thing, event.severity, event.detail, event.cause
DROP TABLE event
ALTER TABLE _alembic_tmp_event RENAME TO event
CREATE INDEX ix_event_kind ON event (kind, id) WHERE kind <> 'added'
CREATE INDEX ix_event_repository_id ON event (repository_id, id)
DROP INDEX ix_finding_thing
)
CONSTRAINT uq_finding_thing_rule_repository_id UNIQUE (thing, rule, repository_id)
CREATE TABLE _alembic_tmp_finding (
exploited BOOLEAN DEFAULT (false) NOT NULL
first_seen DOUBLE NOT NULL
fixed TEXT DEFAULT ('') NOT NULL
gone DOUBLE
id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
last_seen DOUBLE NOT NULL
repository_id INTEGER NOT NULL
revision INTEGER DEFAULT 0 NOT NULL
rule TEXT NOT NULL
severity INTEGER NOT NULL
thing TEXT NOT NULL
FROM finding
INSERT INTO _alembic_tmp_finding (id, repository_id, rule, thing, severity, fixed, exploited, first_seen, last_seen, gone, revision) SELECT finding.id, finding.repository_id, finding.rule, finding.thing, finding.severity, finding.fixed, finding.exploited, finding.first_seen, finding.last_seen, finding.gone, finding.revision
DROP TABLE finding
ALTER TABLE _alembic_tmp_finding RENAME TO finding
CREATE INDEX ix_finding_repository_id ON finding (repository_id)
CREATE INDEX ix_finding_rule ON finding (rule, repository_id)
-- to m0008_rates
CREATE TABLE rate (
	"key" TEXT NOT NULL,
	amount DOUBLE NOT NULL,
	at DOUBLE NOT NULL,
	CONSTRAINT pk_rate PRIMARY KEY ("key")
)
-- to m0009_running
ALTER TABLE container ADD COLUMN runs BOOLEAN DEFAULT false NOT NULL
UPDATE container SET runs = true WHERE data LIKE '{"kind":"container",%'
-- to m0010_deletions
ALTER TABLE repository ADD COLUMN deletions INTEGER DEFAULT 0 NOT NULL
-- to m0011_names
UPDATE audit SET who = substr(who, 8) WHERE who LIKE 'person %'
UPDATE acknowledgement SET made_by = substr(made_by, 8) WHERE made_by LIKE 'person %'
UPDATE invitation SET made_by = substr(made_by, 8) WHERE made_by LIKE 'person %'
UPDATE token SET made_by = substr(made_by, 8) WHERE made_by LIKE 'person %'
UPDATE webhook SET made_by = substr(made_by, 8) WHERE made_by LIKE 'person %'
-- to m0011_names
-- to m0010_deletions
-- to m0009_running
ALTER TABLE repository DROP COLUMN deletions
-- to m0008_rates
ALTER TABLE container DROP COLUMN runs
-- to m0007_indexes
DROP TABLE rate
-- to m0006_configurations
DROP INDEX ix_finding_repository_id
)
CONSTRAINT fk_finding_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
CONSTRAINT uq_finding_repository_id_rule_thing UNIQUE (repository_id, rule, thing)
CREATE TABLE _alembic_tmp_finding (
exploited BOOLEAN DEFAULT (false) NOT NULL
first_seen DOUBLE NOT NULL
fixed TEXT DEFAULT ('') NOT NULL
gone DOUBLE
id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
last_seen DOUBLE NOT NULL
repository_id INTEGER NOT NULL
revision INTEGER DEFAULT 0 NOT NULL
rule TEXT NOT NULL
severity INTEGER NOT NULL
thing TEXT NOT NULL
FROM finding
INSERT INTO _alembic_tmp_finding (id, repository_id, rule, thing, severity, fixed, exploited, first_seen, last_seen, gone, revision) SELECT finding.id, finding.repository_id, finding.rule, finding.thing, finding.severity, finding.fixed, finding.exploited, finding.first_seen, finding.last_seen, finding.gone, finding.revision
DROP TABLE finding
ALTER TABLE _alembic_tmp_finding RENAME TO finding
CREATE INDEX ix_finding_rule ON finding (rule, repository_id)
DELETE FROM sqlite_sequence WHERE name = ?
INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)
CREATE INDEX ix_finding_thing ON finding (thing)
DROP INDEX ix_event_repository_id
DROP INDEX ix_event_kind
)
CONSTRAINT fk_event_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
CONSTRAINT uq_event_uid UNIQUE (uid)
CREATE TABLE _alembic_tmp_event (
at DOUBLE NOT NULL
cause TEXT DEFAULT ('') NOT NULL
detail TEXT DEFAULT ('') NOT NULL
id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
kind TEXT NOT NULL
repository_id INTEGER
rule TEXT DEFAULT ('') NOT NULL
severity INTEGER DEFAULT (-1) NOT NULL
thing TEXT DEFAULT ('') NOT NULL
uid TEXT NOT NULL
FROM event
INSERT INTO _alembic_tmp_event (id, uid, kind, at, repository_id, rule, thing, severity, detail, cause) SELECT event.id, event.uid, event.kind, event.at, event.repository_id, event.rule, event.thing, event.severity, event.detail, event.cause
DROP TABLE event
ALTER TABLE _alembic_tmp_event RENAME TO event
DELETE FROM sqlite_sequence WHERE name = ?
INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)
CREATE INDEX ix_event_at ON event (at)
CREATE INDEX ix_event_kind_at ON event (kind, at)
CREATE INDEX ix_event_repository_id_at ON event (repository_id, at)
-- to m0005_access
DROP TABLE configuration
-- to m0004_causes
DROP INDEX ix_message_event_message_id
DROP TABLE message_event
DROP INDEX ix_session_account_id
DROP TABLE session
DROP INDEX ix_message_webhook_id_state
DROP INDEX ix_message_state_due
DROP TABLE message
DROP TABLE webhook
DROP TABLE token
DROP TABLE invitation
DROP INDEX ix_audit_at
DROP TABLE audit
DROP TABLE account
-- to m0003_work
DROP INDEX ix_scan_image_id
DROP INDEX ix_slice_package_owner_id
DROP INDEX ix_image_finding_thing
)
CONSTRAINT fk_event_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
CONSTRAINT uq_event_uid UNIQUE (uid)
CREATE TABLE _alembic_tmp_event (
at DOUBLE NOT NULL
detail TEXT DEFAULT ('') NOT NULL
id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT
kind TEXT NOT NULL
repository_id INTEGER
rule TEXT DEFAULT ('') NOT NULL
severity INTEGER DEFAULT (-1) NOT NULL
thing TEXT DEFAULT ('') NOT NULL
uid TEXT NOT NULL
FROM event
INSERT INTO _alembic_tmp_event (id, uid, kind, at, repository_id, rule, thing, severity, detail) SELECT event.id, event.uid, event.kind, event.at, event.repository_id, event.rule, event.thing, event.severity, event.detail
DROP TABLE event
ALTER TABLE _alembic_tmp_event RENAME TO event
CREATE INDEX ix_event_at ON event (at)
CREATE INDEX ix_event_kind_at ON event (kind, at)
CREATE INDEX ix_event_repository_id_at ON event (repository_id, at)
-- to m0002_findings
DROP INDEX ix_scan_state
DROP INDEX ix_scan_repository_id
DROP TABLE scan
DROP TABLE setting
DROP TABLE parked
DROP INDEX ix_job_due
DROP TABLE job
DROP TABLE feed
DROP TABLE facts
DROP TABLE credential
DROP TABLE claim
-- to m0001_contents
DROP INDEX ix_container_finding_rule
DROP INDEX ix_container_finding_host_id
DROP INDEX ix_container_finding_container_id
DROP TABLE container_finding
DROP INDEX ix_image_finding_rule
DROP TABLE image_finding
DROP INDEX ix_hit_flaw
DROP TABLE hit
DROP INDEX ix_finding_thing
DROP INDEX ix_finding_rule
DROP TABLE finding
DROP INDEX ix_event_repository_id_at
DROP INDEX ix_event_kind_at
DROP INDEX ix_event_at
DROP TABLE event
DROP INDEX ix_container_digest
DROP INDEX ix_container_configuration
DROP TABLE container
DROP INDEX ix_acknowledgement_rule
DROP TABLE acknowledgement
DROP TABLE host
-- to base
DROP INDEX ix_slice_package_package_id
DROP TABLE slice_package
DROP INDEX ix_repository_slice_repository_id
DROP TABLE repository_slice
DROP INDEX ix_image_slice_slice_id
DROP TABLE image_slice
DROP INDEX uq_tag_current
DROP INDEX ix_tag_repository_id_name
DROP INDEX ix_tag_image_id
DROP INDEX ix_tag_digest
DROP TABLE tag
DROP INDEX ix_repository_image_image_id
DROP TABLE repository_image
DROP INDEX ix_package_place_package_id
DROP TABLE package_place
DROP TABLE layer_slice
DROP INDEX ix_image_layer_layer_id
DROP TABLE image_layer
DROP TABLE repository
DROP INDEX ix_place_name
DROP TABLE place
DROP INDEX ix_package_thing
DROP INDEX ix_package_name
DROP TABLE package
DROP TABLE layer
DROP TABLE image
