-- sqlite
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
CREATE TABLE event (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	uid TEXT NOT NULL,
	kind TEXT NOT NULL,
	at DOUBLE NOT NULL,
	repository_id INTEGER,
	rule TEXT DEFAULT '' NOT NULL,
	thing TEXT DEFAULT '' NOT NULL,
	severity INTEGER DEFAULT (-1) NOT NULL,
	cause TEXT DEFAULT '' NOT NULL,
	detail TEXT DEFAULT '' NOT NULL
)
CREATE INDEX ix_event_kind ON event (kind, id) WHERE kind <> 'added'
CREATE INDEX ix_event_repository_id ON event (repository_id, id)
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
CREATE TABLE finding (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	repository_id INTEGER NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT false NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	gone DOUBLE,
	revision INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT uq_finding_thing_rule_repository_id UNIQUE (thing, rule, repository_id)
)
CREATE INDEX ix_finding_repository_id ON finding (repository_id)
CREATE INDEX ix_finding_rule ON finding (rule, repository_id)
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
CREATE TABLE invitation (
	digest TEXT NOT NULL,
	role TEXT NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	until DOUBLE NOT NULL,
	CONSTRAINT pk_invitation PRIMARY KEY (digest)
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
	grave BOOLEAN DEFAULT false NOT NULL,
	covered BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT uq_package_key UNIQUE ("key")
)
CREATE INDEX ix_package_name ON package (name)
CREATE INDEX ix_package_thing ON package (thing)
CREATE TABLE parked (
	kind TEXT NOT NULL,
	"key" TEXT NOT NULL,
	reason TEXT NOT NULL,
	tries INTEGER NOT NULL,
	at DOUBLE NOT NULL,
	CONSTRAINT pk_parked PRIMARY KEY (kind, "key")
)
CREATE TABLE place (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	ecosystem TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	CONSTRAINT uq_place_ecosystem_name UNIQUE (ecosystem, name)
)
CREATE INDEX ix_place_name ON place (name)
CREATE TABLE rate (
	"key" TEXT NOT NULL,
	amount DOUBLE NOT NULL,
	at DOUBLE NOT NULL,
	CONSTRAINT pk_rate PRIMARY KEY ("key")
)
CREATE TABLE repository (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	name TEXT NOT NULL,
	first_seen DOUBLE NOT NULL,
	watched BOOLEAN DEFAULT false NOT NULL,
	polled DOUBLE,
	poll_error TEXT DEFAULT '' NOT NULL,
	gone DOUBLE,
	successor TEXT DEFAULT '' NOT NULL,
	deletions INTEGER DEFAULT 0 NOT NULL,
	critical INTEGER DEFAULT 0 NOT NULL,
	high INTEGER DEFAULT 0 NOT NULL,
	medium INTEGER DEFAULT 0 NOT NULL,
	low INTEGER DEFAULT 0 NOT NULL,
	exploited INTEGER DEFAULT 0 NOT NULL,
	fixable INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT uq_repository_name UNIQUE (name)
)
CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
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
CREATE TABLE configuration (
	image_id INTEGER NOT NULL,
	settings TEXT DEFAULT '' NOT NULL,
	base TEXT DEFAULT '' NOT NULL,
	chain TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_configuration PRIMARY KEY (image_id),
	CONSTRAINT fk_configuration_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_configuration_chain ON configuration (chain)
CREATE TABLE container (
	id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
	host_id INTEGER NOT NULL,
	name TEXT NOT NULL,
	reference TEXT DEFAULT '' NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	configuration TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	runs BOOLEAN DEFAULT false NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	gone DOUBLE,
	CONSTRAINT uq_container_host_id_name UNIQUE (host_id, name),
	CONSTRAINT fk_container_host_id FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
)
CREATE INDEX ix_container_configuration ON container (configuration)
CREATE INDEX ix_container_digest ON container (digest)
CREATE TABLE hit (
	package_id INTEGER NOT NULL,
	flaw TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT false NOT NULL,
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
CREATE INDEX ix_image_finding_thing ON image_finding (thing)
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
	CONSTRAINT uq_layer_slice_key UNIQUE ("key"),
	CONSTRAINT fk_layer_slice_layer_id FOREIGN KEY(layer_id) REFERENCES layer (id) ON DELETE CASCADE
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
CREATE TABLE package_place (
	place_id INTEGER NOT NULL,
	package_id INTEGER NOT NULL,
	CONSTRAINT pk_package_place PRIMARY KEY (place_id, package_id),
	CONSTRAINT fk_package_place_place_id FOREIGN KEY(place_id) REFERENCES place (id) ON DELETE CASCADE,
	CONSTRAINT fk_package_place_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE
)
CREATE INDEX ix_package_place_package_id ON package_place (package_id)
CREATE TABLE repository_image (
	repository_id INTEGER NOT NULL,
	image_id INTEGER NOT NULL,
	first_seen DOUBLE NOT NULL,
	last_seen DOUBLE NOT NULL,
	current BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT pk_repository_image PRIMARY KEY (repository_id, image_id),
	CONSTRAINT fk_repository_image_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_image_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_image_image_id ON repository_image (image_id)
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
	CONSTRAINT fk_scan_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_scan_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_scan_image_id ON scan (image_id)
CREATE INDEX ix_scan_repository_id ON scan (repository_id)
CREATE INDEX ix_scan_state ON scan (state)
CREATE TABLE session (
	digest TEXT NOT NULL,
	account_id INTEGER NOT NULL,
	made DOUBLE NOT NULL,
	used DOUBLE NOT NULL,
	CONSTRAINT pk_session PRIMARY KEY (digest),
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
)
CREATE INDEX ix_session_account_id ON session (account_id)
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
	CONSTRAINT fk_tag_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_tag_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_tag_digest ON tag (digest)
CREATE INDEX ix_tag_image_id ON tag (image_id)
CREATE INDEX ix_tag_repository_id_name ON tag (repository_id, name)
CREATE UNIQUE INDEX uq_tag_current ON tag (repository_id, name) WHERE until IS NULL
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
CREATE TABLE image_slice (
	image_id INTEGER NOT NULL,
	slice_id INTEGER NOT NULL,
	CONSTRAINT pk_image_slice PRIMARY KEY (image_id, slice_id),
	CONSTRAINT fk_image_slice_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_image_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_slice_slice_id ON image_slice (slice_id)
CREATE TABLE message_event (
	webhook_id INTEGER NOT NULL,
	event_id INTEGER NOT NULL,
	message_id INTEGER NOT NULL,
	CONSTRAINT pk_message_event PRIMARY KEY (webhook_id, event_id),
	CONSTRAINT fk_message_event_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE,
	CONSTRAINT fk_message_event_message_id FOREIGN KEY(message_id) REFERENCES message (id) ON DELETE CASCADE
)
CREATE INDEX ix_message_event_message_id ON message_event (message_id)
CREATE TABLE repository_slice (
	slice_id INTEGER NOT NULL,
	repository_id INTEGER NOT NULL,
	CONSTRAINT pk_repository_slice PRIMARY KEY (slice_id, repository_id),
	CONSTRAINT fk_repository_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_slice_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_slice_repository_id ON repository_slice (repository_id)
CREATE TABLE slice_package (
	slice_id INTEGER NOT NULL,
	package_id INTEGER NOT NULL,
	owner_id INTEGER,
	path TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_slice_package PRIMARY KEY (slice_id, package_id),
	CONSTRAINT fk_slice_package_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_owner_id FOREIGN KEY(owner_id) REFERENCES package (id) ON DELETE CASCADE
)
 WITHOUT ROWID
CREATE INDEX ix_slice_package_owner_id ON slice_package (owner_id) WHERE owner_id IS NOT NULL
CREATE INDEX ix_slice_package_package_id ON slice_package (package_id, slice_id)
-- postgresql
CREATE TABLE account (
	id BIGSERIAL NOT NULL,
	name TEXT NOT NULL,
	password TEXT NOT NULL,
	role TEXT NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_account PRIMARY KEY (id),
	CONSTRAINT uq_account_name UNIQUE (name)
)
CREATE TABLE audit (
	id BIGSERIAL NOT NULL,
	at DOUBLE PRECISION NOT NULL,
	who TEXT NOT NULL,
	action TEXT NOT NULL,
	about TEXT DEFAULT '' NOT NULL,
	address TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_audit PRIMARY KEY (id)
)
CREATE INDEX ix_audit_at ON audit (at)
CREATE TABLE claim (
	digest TEXT NOT NULL,
	owner TEXT NOT NULL,
	until DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_claim PRIMARY KEY (digest)
)
CREATE TABLE credential (
	host TEXT NOT NULL,
	login BYTEA NOT NULL,
	changed DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_credential PRIMARY KEY (host)
)
CREATE TABLE event (
	id BIGSERIAL NOT NULL,
	uid TEXT NOT NULL,
	kind TEXT NOT NULL,
	at DOUBLE PRECISION NOT NULL,
	repository_id BIGINT,
	rule TEXT DEFAULT '' NOT NULL,
	thing TEXT DEFAULT '' NOT NULL,
	severity INTEGER DEFAULT -1 NOT NULL,
	cause TEXT DEFAULT '' NOT NULL,
	detail TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_event PRIMARY KEY (id)
)
CREATE INDEX ix_event_kind ON event (kind, id) WHERE kind <> 'added'
CREATE INDEX ix_event_repository_id ON event (repository_id, id)
CREATE TABLE facts (
	name TEXT NOT NULL,
	data BYTEA NOT NULL,
	used DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_facts PRIMARY KEY (name)
)
CREATE TABLE feed (
	name TEXT NOT NULL,
	title TEXT DEFAULT '' NOT NULL,
	date TEXT DEFAULT '' NOT NULL,
	fetched DOUBLE PRECISION,
	checked DOUBLE PRECISION,
	error TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_feed PRIMARY KEY (name)
)
CREATE TABLE finding (
	id BIGSERIAL NOT NULL,
	repository_id BIGINT NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT false NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	gone DOUBLE PRECISION,
	revision INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_finding PRIMARY KEY (id),
	CONSTRAINT uq_finding_thing_rule_repository_id UNIQUE (thing, rule, repository_id)
)
 WITH (fillfactor = 50)
CREATE INDEX ix_finding_repository_id ON finding (repository_id)
CREATE INDEX ix_finding_rule ON finding (rule, repository_id)
CREATE TABLE host (
	id BIGSERIAL NOT NULL,
	name TEXT NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	version TEXT DEFAULT '' NOT NULL,
	engine TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_host PRIMARY KEY (id),
	CONSTRAINT uq_host_name UNIQUE (name)
)
CREATE TABLE image (
	id BIGSERIAL NOT NULL,
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
	first_seen DOUBLE PRECISION NOT NULL,
	scanned DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_image PRIMARY KEY (id),
	CONSTRAINT uq_image_digest UNIQUE (digest)
)
CREATE TABLE invitation (
	digest TEXT NOT NULL,
	role TEXT NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	until DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_invitation PRIMARY KEY (digest)
)
CREATE TABLE job (
	id BIGSERIAL NOT NULL,
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	due DOUBLE PRECISION NOT NULL,
	owner TEXT DEFAULT '' NOT NULL,
	lease DOUBLE PRECISION,
	tries INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_job PRIMARY KEY (id),
	CONSTRAINT uq_job_kind_key UNIQUE (kind, key)
)
CREATE INDEX ix_job_due ON job (due)
CREATE TABLE layer (
	id BIGSERIAL NOT NULL,
	diff_id TEXT NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	size BIGINT DEFAULT 0 NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_layer PRIMARY KEY (id),
	CONSTRAINT uq_layer_diff_id UNIQUE (diff_id)
)
CREATE TABLE package (
	id BIGSERIAL NOT NULL,
	key TEXT NOT NULL,
	type TEXT NOT NULL,
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	purl TEXT NOT NULL,
	thing TEXT NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	distribution TEXT DEFAULT '' NOT NULL,
	stream TEXT DEFAULT '' NOT NULL,
	unchecked TEXT DEFAULT '' NOT NULL,
	grave BOOLEAN DEFAULT false NOT NULL,
	covered BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT pk_package PRIMARY KEY (id),
	CONSTRAINT uq_package_key UNIQUE (key)
)
CREATE INDEX ix_package_name ON package (name)
CREATE INDEX ix_package_thing ON package (thing)
CREATE TABLE parked (
	kind TEXT NOT NULL,
	key TEXT NOT NULL,
	reason TEXT NOT NULL,
	tries INTEGER NOT NULL,
	at DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_parked PRIMARY KEY (kind, key)
)
CREATE TABLE place (
	id BIGSERIAL NOT NULL,
	ecosystem TEXT NOT NULL,
	name TEXT NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_place PRIMARY KEY (id),
	CONSTRAINT uq_place_ecosystem_name UNIQUE (ecosystem, name)
)
CREATE INDEX ix_place_name ON place (name)
CREATE TABLE rate (
	key TEXT NOT NULL,
	amount DOUBLE PRECISION NOT NULL,
	at DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_rate PRIMARY KEY (key)
)
CREATE TABLE repository (
	id BIGSERIAL NOT NULL,
	name TEXT NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	watched BOOLEAN DEFAULT false NOT NULL,
	polled DOUBLE PRECISION,
	poll_error TEXT DEFAULT '' NOT NULL,
	gone DOUBLE PRECISION,
	successor TEXT DEFAULT '' NOT NULL,
	deletions INTEGER DEFAULT 0 NOT NULL,
	critical INTEGER DEFAULT 0 NOT NULL,
	high INTEGER DEFAULT 0 NOT NULL,
	medium INTEGER DEFAULT 0 NOT NULL,
	low INTEGER DEFAULT 0 NOT NULL,
	exploited INTEGER DEFAULT 0 NOT NULL,
	fixable INTEGER DEFAULT 0 NOT NULL,
	CONSTRAINT pk_repository PRIMARY KEY (id),
	CONSTRAINT uq_repository_name UNIQUE (name)
)
CREATE TABLE setting (
	name TEXT NOT NULL,
	value TEXT NOT NULL,
	CONSTRAINT pk_setting PRIMARY KEY (name)
)
CREATE TABLE token (
	id BIGSERIAL NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	role TEXT NOT NULL,
	scope TEXT NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	until DOUBLE PRECISION,
	used DOUBLE PRECISION,
	CONSTRAINT pk_token PRIMARY KEY (id),
	CONSTRAINT uq_token_digest UNIQUE (digest)
)
CREATE TABLE webhook (
	id BIGSERIAL NOT NULL,
	name TEXT NOT NULL,
	url TEXT NOT NULL,
	secret BYTEA NOT NULL,
	kinds TEXT NOT NULL,
	least INTEGER DEFAULT 0 NOT NULL,
	scope TEXT NOT NULL,
	period TEXT DEFAULT '' NOT NULL,
	disabled TEXT DEFAULT '' NOT NULL,
	settled BIGINT DEFAULT 0 NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_webhook PRIMARY KEY (id)
)
CREATE TABLE acknowledgement (
	id BIGSERIAL NOT NULL,
	repository_id BIGINT,
	rule TEXT NOT NULL,
	thing TEXT DEFAULT '' NOT NULL,
	reason TEXT NOT NULL,
	justification TEXT DEFAULT '' NOT NULL,
	until TEXT DEFAULT '' NOT NULL,
	made_by TEXT DEFAULT '' NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_acknowledgement PRIMARY KEY (id),
	CONSTRAINT fk_acknowledgement_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_acknowledgement_rule ON acknowledgement (rule)
CREATE TABLE configuration (
	image_id BIGINT NOT NULL,
	settings TEXT DEFAULT '' NOT NULL,
	base TEXT DEFAULT '' NOT NULL,
	chain TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_configuration PRIMARY KEY (image_id),
	CONSTRAINT fk_configuration_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_configuration_chain ON configuration (chain)
CREATE TABLE container (
	id BIGSERIAL NOT NULL,
	host_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	reference TEXT DEFAULT '' NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	configuration TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	runs BOOLEAN DEFAULT false NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	gone DOUBLE PRECISION,
	CONSTRAINT pk_container PRIMARY KEY (id),
	CONSTRAINT uq_container_host_id_name UNIQUE (host_id, name),
	CONSTRAINT fk_container_host_id FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
)
CREATE INDEX ix_container_configuration ON container (configuration)
CREATE INDEX ix_container_digest ON container (digest)
CREATE TABLE hit (
	package_id BIGINT NOT NULL,
	flaw TEXT NOT NULL,
	severity INTEGER NOT NULL,
	fixed TEXT DEFAULT '' NOT NULL,
	state TEXT DEFAULT '' NOT NULL,
	exploited BOOLEAN DEFAULT false NOT NULL,
	suppressed TEXT DEFAULT '' NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_hit PRIMARY KEY (package_id, flaw),
	CONSTRAINT fk_hit_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE
)
CREATE INDEX ix_hit_flaw ON hit (flaw)
CREATE TABLE image_finding (
	image_id BIGINT NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_image_finding PRIMARY KEY (image_id, rule, thing),
	CONSTRAINT fk_image_finding_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_finding_rule ON image_finding (rule)
CREATE INDEX ix_image_finding_thing ON image_finding (thing)
CREATE TABLE image_layer (
	image_id BIGINT NOT NULL,
	position INTEGER NOT NULL,
	layer_id BIGINT NOT NULL,
	created_by TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_image_layer PRIMARY KEY (image_id, position),
	CONSTRAINT fk_image_layer_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_image_layer_layer_id FOREIGN KEY(layer_id) REFERENCES layer (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_layer_layer_id ON image_layer (layer_id)
CREATE TABLE layer_slice (
	id BIGSERIAL NOT NULL,
	key TEXT NOT NULL,
	layer_id BIGINT,
	CONSTRAINT pk_layer_slice PRIMARY KEY (id),
	CONSTRAINT uq_layer_slice_key UNIQUE (key),
	CONSTRAINT fk_layer_slice_layer_id FOREIGN KEY(layer_id) REFERENCES layer (id) ON DELETE CASCADE
)
CREATE TABLE message (
	id BIGSERIAL NOT NULL,
	webhook_id BIGINT NOT NULL,
	uid TEXT NOT NULL,
	state TEXT NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	due DOUBLE PRECISION NOT NULL,
	lease DOUBLE PRECISION,
	tries INTEGER DEFAULT 0 NOT NULL,
	error TEXT DEFAULT '' NOT NULL,
	finished DOUBLE PRECISION,
	CONSTRAINT pk_message PRIMARY KEY (id),
	CONSTRAINT fk_message_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE,
	CONSTRAINT uq_message_uid UNIQUE (uid)
)
CREATE INDEX ix_message_state_due ON message (state, due)
CREATE INDEX ix_message_webhook_id_state ON message (webhook_id, state)
CREATE TABLE package_place (
	place_id BIGINT NOT NULL,
	package_id BIGINT NOT NULL,
	CONSTRAINT pk_package_place PRIMARY KEY (place_id, package_id),
	CONSTRAINT fk_package_place_place_id FOREIGN KEY(place_id) REFERENCES place (id) ON DELETE CASCADE,
	CONSTRAINT fk_package_place_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE
)
CREATE INDEX ix_package_place_package_id ON package_place (package_id)
CREATE TABLE repository_image (
	repository_id BIGINT NOT NULL,
	image_id BIGINT NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	current BOOLEAN DEFAULT false NOT NULL,
	CONSTRAINT pk_repository_image PRIMARY KEY (repository_id, image_id),
	CONSTRAINT fk_repository_image_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_image_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_image_image_id ON repository_image (image_id)
CREATE TABLE scan (
	id BIGSERIAL NOT NULL,
	repository_id BIGINT NOT NULL,
	tag TEXT DEFAULT '' NOT NULL,
	digest TEXT DEFAULT '' NOT NULL,
	state TEXT NOT NULL,
	reason TEXT DEFAULT '' NOT NULL,
	tries INTEGER DEFAULT 0 NOT NULL,
	requested_by TEXT DEFAULT '' NOT NULL,
	requested DOUBLE PRECISION NOT NULL,
	finished DOUBLE PRECISION,
	image_id BIGINT,
	CONSTRAINT pk_scan PRIMARY KEY (id),
	CONSTRAINT fk_scan_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_scan_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_scan_image_id ON scan (image_id)
CREATE INDEX ix_scan_repository_id ON scan (repository_id)
CREATE INDEX ix_scan_state ON scan (state)
CREATE TABLE session (
	digest TEXT NOT NULL,
	account_id BIGINT NOT NULL,
	made DOUBLE PRECISION NOT NULL,
	used DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_session PRIMARY KEY (digest),
	CONSTRAINT fk_session_account_id FOREIGN KEY(account_id) REFERENCES account (id) ON DELETE CASCADE
)
CREATE INDEX ix_session_account_id ON session (account_id)
CREATE TABLE tag (
	id BIGSERIAL NOT NULL,
	repository_id BIGINT NOT NULL,
	name TEXT NOT NULL,
	digest TEXT NOT NULL,
	image_id BIGINT,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	until DOUBLE PRECISION,
	signed BOOLEAN,
	CONSTRAINT pk_tag PRIMARY KEY (id),
	CONSTRAINT fk_tag_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE,
	CONSTRAINT fk_tag_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE
)
CREATE INDEX ix_tag_digest ON tag (digest)
CREATE INDEX ix_tag_image_id ON tag (image_id)
CREATE INDEX ix_tag_repository_id_name ON tag (repository_id, name)
CREATE UNIQUE INDEX uq_tag_current ON tag (repository_id, name) WHERE until IS NULL
CREATE TABLE container_finding (
	id BIGSERIAL NOT NULL,
	container_id BIGINT,
	host_id BIGINT NOT NULL,
	rule TEXT NOT NULL,
	thing TEXT NOT NULL,
	severity INTEGER NOT NULL,
	use TEXT NOT NULL,
	data TEXT DEFAULT '' NOT NULL,
	first_seen DOUBLE PRECISION NOT NULL,
	last_seen DOUBLE PRECISION NOT NULL,
	CONSTRAINT pk_container_finding PRIMARY KEY (id),
	CONSTRAINT fk_container_finding_container_id FOREIGN KEY(container_id) REFERENCES container (id) ON DELETE CASCADE,
	CONSTRAINT fk_container_finding_host_id FOREIGN KEY(host_id) REFERENCES host (id) ON DELETE CASCADE
)
CREATE INDEX ix_container_finding_container_id ON container_finding (container_id)
CREATE INDEX ix_container_finding_host_id ON container_finding (host_id)
CREATE INDEX ix_container_finding_rule ON container_finding (rule)
CREATE TABLE image_slice (
	image_id BIGINT NOT NULL,
	slice_id BIGINT NOT NULL,
	CONSTRAINT pk_image_slice PRIMARY KEY (image_id, slice_id),
	CONSTRAINT fk_image_slice_image_id FOREIGN KEY(image_id) REFERENCES image (id) ON DELETE CASCADE,
	CONSTRAINT fk_image_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE
)
CREATE INDEX ix_image_slice_slice_id ON image_slice (slice_id)
CREATE TABLE message_event (
	webhook_id BIGINT NOT NULL,
	event_id BIGINT NOT NULL,
	message_id BIGINT NOT NULL,
	CONSTRAINT pk_message_event PRIMARY KEY (webhook_id, event_id),
	CONSTRAINT fk_message_event_webhook_id FOREIGN KEY(webhook_id) REFERENCES webhook (id) ON DELETE CASCADE,
	CONSTRAINT fk_message_event_message_id FOREIGN KEY(message_id) REFERENCES message (id) ON DELETE CASCADE
)
CREATE INDEX ix_message_event_message_id ON message_event (message_id)
CREATE TABLE repository_slice (
	slice_id BIGINT NOT NULL,
	repository_id BIGINT NOT NULL,
	CONSTRAINT pk_repository_slice PRIMARY KEY (slice_id, repository_id),
	CONSTRAINT fk_repository_slice_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE,
	CONSTRAINT fk_repository_slice_repository_id FOREIGN KEY(repository_id) REFERENCES repository (id) ON DELETE CASCADE
)
CREATE INDEX ix_repository_slice_repository_id ON repository_slice (repository_id)
CREATE TABLE slice_package (
	slice_id BIGINT NOT NULL,
	package_id BIGINT NOT NULL,
	owner_id BIGINT,
	path TEXT DEFAULT '' NOT NULL,
	CONSTRAINT pk_slice_package PRIMARY KEY (slice_id, package_id),
	CONSTRAINT fk_slice_package_slice_id FOREIGN KEY(slice_id) REFERENCES layer_slice (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_package_id FOREIGN KEY(package_id) REFERENCES package (id) ON DELETE CASCADE,
	CONSTRAINT fk_slice_package_owner_id FOREIGN KEY(owner_id) REFERENCES package (id) ON DELETE CASCADE
)
CREATE INDEX ix_slice_package_owner_id ON slice_package (owner_id) WHERE owner_id IS NOT NULL
CREATE INDEX ix_slice_package_package_id ON slice_package (package_id, slice_id)
