-- The tables of version 1. Package postgres documents each, and its invariants.
CREATE SCHEMA IF NOT EXISTS {schema};

CREATE TABLE IF NOT EXISTS {schema}.meta (
  one     boolean PRIMARY KEY DEFAULT true CHECK (one),
  version int NOT NULL,
  cluster uuid NOT NULL DEFAULT gen_random_uuid(),
  importing text NOT NULL DEFAULT '',
  created timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS {schema}.head (
  stream    text PRIMARY KEY,
  last      bigint NOT NULL DEFAULT 0,
  next_part bigint NOT NULL DEFAULT 1,
  width     bigint NOT NULL CHECK (width > 0)
) WITH (fillfactor = 10);
INSERT INTO {schema}.head (stream, width)
  VALUES ('events', 20000), ('ids', 100000), ('attempts', 20000) ON CONFLICT DO NOTHING;

CREATE TABLE IF NOT EXISTS {schema}.parts (
  stream text NOT NULL,
  first  bigint NOT NULL,
  next   bigint NOT NULL,
  since  bigint NOT NULL,
  tallied boolean NOT NULL DEFAULT false,
  PRIMARY KEY (stream, first)
);

CREATE TABLE IF NOT EXISTS {schema}.events (
  seq        bigint NOT NULL,
  at         bigint NOT NULL,
  kind       text NOT NULL,
  of         bigint NOT NULL,
  generation bigint NOT NULL,
  id_hash    bigint NOT NULL,
  type       text COLLATE "C" NOT NULL,
  webhooks   text NOT NULL,
  size       int NOT NULL,
  line       bytea NOT NULL,
  PRIMARY KEY (seq)
) PARTITION BY RANGE (seq);
CREATE INDEX IF NOT EXISTS events_id_hash ON {schema}.events (id_hash);
CREATE INDEX IF NOT EXISTS events_at ON {schema}.events (at);
CREATE INDEX IF NOT EXISTS events_type ON {schema}.events (type, seq);
CREATE INDEX IF NOT EXISTS events_of ON {schema}.events (of, seq) WHERE of > 0;
CREATE INDEX IF NOT EXISTS events_unmatched ON {schema}.events (seq) WHERE webhooks = '';

CREATE TABLE IF NOT EXISTS {schema}.targets (
  webhook text NOT NULL,
  seq     bigint NOT NULL,
  size    int NOT NULL,
  ends    bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (webhook, seq)
) PARTITION BY RANGE (seq);

CREATE TABLE IF NOT EXISTS {schema}.ids (
  key      uuid NOT NULL,
  n        bigint NOT NULL,
  content  bigint NOT NULL,
  seq      bigint NOT NULL,
  webhooks text NOT NULL,
  batch    bigint NOT NULL DEFAULT 0,
  PRIMARY KEY (key, n)
) PARTITION BY RANGE (n);

CREATE TABLE IF NOT EXISTS {schema}.attempts (
  n          bigint NOT NULL,
  at         bigint NOT NULL,
  kind       text NOT NULL,
  webhook    text NOT NULL,
  generation bigint NOT NULL,
  seq        bigint NOT NULL,
  id_hash    bigint NOT NULL,
  sent       bigint NOT NULL,
  type       text COLLATE "C" NOT NULL,
  status     text NOT NULL,
  code       int NOT NULL,
  took       int NOT NULL,
  counts     int NOT NULL,
  late       boolean NOT NULL,
  skew       bigint NOT NULL,
  line       bytea NOT NULL,
  PRIMARY KEY (n)
) PARTITION BY RANGE (n);
CREATE INDEX IF NOT EXISTS attempts_webhook ON {schema}.attempts (webhook, n);
CREATE INDEX IF NOT EXISTS attempts_seq ON {schema}.attempts (seq);
CREATE INDEX IF NOT EXISTS attempts_id_hash ON {schema}.attempts (id_hash);
CREATE INDEX IF NOT EXISTS attempts_type ON {schema}.attempts (type, n);
CREATE INDEX IF NOT EXISTS attempts_at ON {schema}.attempts (at) INCLUDE (webhook, took, counts);
CREATE INDEX IF NOT EXISTS attempts_sent ON {schema}.attempts (sent) WHERE sent <> 0;
CREATE INDEX IF NOT EXISTS attempts_failing ON {schema}.attempts (status, n) WHERE status <> 'delivered';
CREATE INDEX IF NOT EXISTS attempts_code ON {schema}.attempts (code, n) WHERE code < 200 OR code > 299;
CREATE INDEX IF NOT EXISTS attempts_states ON {schema}.attempts (n) WHERE kind = 'webhook';

CREATE TABLE IF NOT EXISTS {schema}.minutes (
  n       bigint NOT NULL,
  minute  bigint NOT NULL,
  webhook text NOT NULL,
  took    int[] NOT NULL,
  counts  int[] NOT NULL,
  times   bigint[] NOT NULL,
  PRIMARY KEY (n, minute, webhook)
) PARTITION BY RANGE (n);

CREATE TABLE IF NOT EXISTS {schema}.configs (
  webhook    text NOT NULL,
  generation bigint NOT NULL,
  at         bigint NOT NULL,
  line       bytea NOT NULL,
  PRIMARY KEY (webhook, generation)
);

CREATE TABLE IF NOT EXISTS {schema}.cursors (
  webhook     text PRIMARY KEY,
  owner       text NOT NULL DEFAULT '',
  incarnation text NOT NULL DEFAULT '',
  epoch       bigint NOT NULL DEFAULT 0,
  checkpoint  bytea,
  covers_n    bigint NOT NULL DEFAULT 0,
  covers_seq  bigint NOT NULL DEFAULT 0,
  written     bigint NOT NULL DEFAULT 0,
  refs        bigint[] NOT NULL DEFAULT '{}',
  figures     bytea
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS {schema}.members (
  name        text PRIMARY KEY,
  incarnation text NOT NULL,
  beat        bigint NOT NULL,
  lease       bigint NOT NULL,
  batch       bigint NOT NULL DEFAULT 0,
  address     text NOT NULL DEFAULT '',
  generation  bigint NOT NULL DEFAULT 0,
  file        text NOT NULL DEFAULT '',
  leaving     boolean NOT NULL DEFAULT false,
  entries     jsonb NOT NULL DEFAULT '{}'
) WITH (fillfactor = 50);

CREATE TABLE IF NOT EXISTS {schema}.generations (
  n      bigint PRIMARY KEY,
  hash   text NOT NULL,
  member text NOT NULL,
  at     timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE IF NOT EXISTS {schema}.asks (
  id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  webhook   text NOT NULL,
  kind      text NOT NULL,
  arguments jsonb NOT NULL DEFAULT '{}',
  member    text NOT NULL,
  asked     timestamptz NOT NULL DEFAULT now(),
  begun     timestamptz,
  answer    jsonb,
  answered  timestamptz
);
CREATE INDEX IF NOT EXISTS asks_open ON {schema}.asks (webhook) WHERE answered IS NULL;

INSERT INTO {schema}.meta (version) VALUES ({version}) ON CONFLICT (one)
  DO UPDATE SET version = greatest(meta.version, excluded.version);
