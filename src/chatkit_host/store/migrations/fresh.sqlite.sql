CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
)
;;
CREATE TABLE threads (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	title TEXT, 
	status TEXT NOT NULL, 
	allowed_image_domains TEXT, 
	metadata TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	next_seq BIGINT NOT NULL, rewrites BIGINT DEFAULT 0 NOT NULL, 
	CONSTRAINT pk_threads PRIMARY KEY (id)
)
;;
CREATE INDEX ix_threads_owner_updated_at_id ON threads (owner, updated_at, id)
;;
CREATE TABLE items (
	thread_id TEXT NOT NULL, 
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	seq BIGINT NOT NULL, 
	kind TEXT NOT NULL, 
	payload TEXT NOT NULL, 
	turn_id TEXT, 
	superseded_by TEXT, 
	created_at TEXT NOT NULL, 
	CONSTRAINT pk_items PRIMARY KEY (thread_id, id), 
	CONSTRAINT fk_items_thread_id FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE, 
	CONSTRAINT uq_items_thread_id_seq UNIQUE (thread_id, seq)
)
;;
CREATE TABLE turns (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	thread_id TEXT NOT NULL, 
	operation TEXT NOT NULL, 
	status TEXT NOT NULL, 
	worker TEXT NOT NULL, 
	attempt INTEGER NOT NULL, 
	lease_until TEXT NOT NULL, 
	cancel_requested_at TEXT, 
	input_item_id TEXT, 
	set_aside TEXT, 
	idempotency_key TEXT, 
	request_hash TEXT, 
	last_seq BIGINT NOT NULL, 
	transcript TEXT, 
	usage TEXT, 
	error_code TEXT, 
	created_at TEXT NOT NULL, 
	finished_at TEXT, 
	CONSTRAINT pk_turns PRIMARY KEY (id), 
	CONSTRAINT ck_turns_operation CHECK (operation IN ('message', 'retry', 'client_tool_output', 'structured_input', 'action')), 
	CONSTRAINT ck_turns_status CHECK (status IN ('queued', 'running', 'waiting', 'completed', 'failed', 'cancelled', 'interrupted')), 
	CONSTRAINT uq_turns_owner_idempotency_key UNIQUE (owner, idempotency_key)
)
;;
CREATE INDEX ix_turns_owner_thread_id ON turns (owner, thread_id)
;;
CREATE UNIQUE INDEX uq_turns_open ON turns (owner, thread_id) WHERE status IN ('queued', 'running', 'waiting')
;;
CREATE INDEX ix_turns_open_lease_until ON turns (lease_until) WHERE status IN ('queued', 'running', 'waiting')
;;
CREATE TABLE turn_events (
	turn_id TEXT NOT NULL, 
	first_seq BIGINT NOT NULL, 
	last_seq BIGINT NOT NULL, 
	attempt INTEGER NOT NULL, 
	payload TEXT NOT NULL, 
	CONSTRAINT pk_turn_events PRIMARY KEY (turn_id, first_seq), 
	CONSTRAINT fk_turn_events_turn_id FOREIGN KEY(turn_id) REFERENCES turns (id) ON DELETE CASCADE
)
;;
CREATE TABLE attachments (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	thread_id TEXT, 
	payload TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	CONSTRAINT pk_attachments PRIMARY KEY (id)
)
;;
CREATE INDEX ix_attachments_owner_thread_id ON attachments (owner, thread_id)
;;
CREATE TABLE feedback (
	owner TEXT NOT NULL, 
	thread_id TEXT NOT NULL, 
	item_id TEXT NOT NULL, 
	kind TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	CONSTRAINT pk_feedback PRIMARY KEY (owner, thread_id, item_id), 
	CONSTRAINT ck_feedback_kind CHECK (kind IN ('positive', 'negative'))
)
;;
CREATE TABLE tasks (
	id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	position BIGINT NOT NULL, 
	title TEXT NOT NULL, 
	description TEXT, 
	completed BOOLEAN NOT NULL, 
	priority TEXT NOT NULL, 
	due_date DATE, 
	created_at TEXT NOT NULL, 
	updated_at TEXT NOT NULL, 
	completed_at TEXT, folded_title TEXT DEFAULT '' NOT NULL, folded_description TEXT DEFAULT '' NOT NULL, 
	CONSTRAINT pk_tasks PRIMARY KEY (id), 
	CONSTRAINT ck_tasks_priority CHECK (priority IN ('low', 'medium', 'high'))
)
;;
CREATE INDEX ix_tasks_owner_position_id ON tasks (owner, position, id)
;;
CREATE INDEX ix_items_messages ON items (thread_id, owner, seq) WHERE kind IN ('user_message', 'assistant_message') AND superseded_by IS NULL
;;
CREATE TABLE message_words (
	id INTEGER NOT NULL, 
	owner TEXT NOT NULL, 
	thread_id TEXT NOT NULL, 
	item_id TEXT NOT NULL, 
	words TEXT NOT NULL, 
	CONSTRAINT pk_message_words PRIMARY KEY (id), 
	CONSTRAINT fk_message_words_thread_id_item_id FOREIGN KEY(thread_id, item_id) REFERENCES items (thread_id, id) ON DELETE CASCADE, 
	CONSTRAINT uq_message_words_thread_id_item_id UNIQUE (thread_id, item_id)
)
;;
CREATE INDEX ix_message_words_owner_id ON message_words (owner, id)
;;
CREATE VIRTUAL TABLE message_words_index USING fts5(
        words, content='message_words', content_rowid='id', tokenize='ascii', detail='none', columnsize=0, prefix='1 2 3 4 5 6'
    )
;;
CREATE TABLE api_keys (
	id TEXT NOT NULL, 
	hashed TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	user_id TEXT NOT NULL, 
	name TEXT, 
	scopes TEXT NOT NULL, 
	created_at TEXT NOT NULL, 
	expires_at TEXT, 
	revoked_at TEXT, 
	last_used_at TEXT, 
	CONSTRAINT pk_api_keys PRIMARY KEY (id), 
	CONSTRAINT uq_api_keys_hashed UNIQUE (hashed)
)
;;
CREATE TABLE message_rates (
	owner TEXT NOT NULL, 
	free_at DOUBLE NOT NULL, 
	CONSTRAINT pk_message_rates PRIMARY KEY (owner)
)
;;
CREATE TABLE versions (
	id TEXT NOT NULL, 
	thread_id TEXT NOT NULL, 
	owner TEXT NOT NULL, 
	after_seq BIGINT NOT NULL, 
	number INTEGER NOT NULL, 
	is_chosen BOOLEAN NOT NULL, 
	instead_of TEXT, 
	superseded_by TEXT, 
	created_at TEXT NOT NULL, 
	CONSTRAINT pk_versions PRIMARY KEY (id), 
	CONSTRAINT fk_versions_thread_id FOREIGN KEY(thread_id) REFERENCES threads (id) ON DELETE CASCADE, 
	CONSTRAINT uq_versions_thread_id_after_seq_number UNIQUE (thread_id, after_seq, number)
)
;;
CREATE INDEX ix_items_hidden ON items (thread_id, turn_id) WHERE superseded_by IS NOT NULL
;;
CREATE TABLE message_words_to_index (id INTEGER NOT NULL PRIMARY KEY)
;;
CREATE TRIGGER message_words_added AFTER INSERT ON message_words BEGIN
        INSERT INTO message_words_to_index (id) VALUES (new.id);
    END
;;
CREATE TRIGGER message_words_deleted AFTER DELETE ON message_words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words)
            SELECT 'delete', old.id, old.words WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = old.id);
        DELETE FROM message_words_to_index WHERE id = old.id;
    END
;;
CREATE TRIGGER message_words_changed AFTER UPDATE OF words ON message_words WHEN old.words <> new.words BEGIN
        INSERT INTO message_words_index (message_words_index, rowid, words)
            SELECT 'delete', old.id, old.words WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = old.id);
        INSERT INTO message_words_to_index (id)
            SELECT new.id WHERE NOT EXISTS (SELECT 1 FROM message_words_to_index WHERE id = new.id);
    END
;;
CREATE TRIGGER items_changed AFTER UPDATE ON items BEGIN
        UPDATE threads SET rewrites = rewrites + 1 WHERE id = old.thread_id;
    END
;;
CREATE TRIGGER items_deleted AFTER DELETE ON items BEGIN
        UPDATE threads SET rewrites = rewrites + 1 WHERE id = old.thread_id;
    END
;;
INSERT INTO alembic_version VALUES ('0006')
