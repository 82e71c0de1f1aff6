-- The outbox of sidehook: run by its owner, again and again without harm.
BEGIN;

-- What is there already is not worth a notice each.
SET LOCAL client_min_messages = warning;

DO $init$
BEGIN
  IF current_setting('server_version_num')::int < 140000 THEN
    RAISE EXCEPTION 'sidehook needs PostgreSQL 14 or later, and this is %', current_setting('server_version');
  END IF;
  PERFORM pg_advisory_xact_lock(5428001146215462512); -- one at a time
  IF to_regnamespace('sidehook') IS NULL THEN
    CREATE SCHEMA sidehook;
  END IF;
END
$init$;

-- Events that wait to be taken, in the order in which they were sent. size is about that
-- of the event, in bytes.
CREATE TABLE IF NOT EXISTS sidehook.outbox (
  position   bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at         timestamptz NOT NULL DEFAULT clock_timestamp(),
  id         text        NOT NULL DEFAULT gen_random_uuid()::text,
  type       text        NOT NULL,
  source     text,
  subject    text,
  attributes jsonb,
  data       json,
  size       bigint      NOT NULL GENERATED ALWAYS AS (
    64 + octet_length(id) + octet_length(type) + coalesce(octet_length(source), 0) + coalesce(octet_length(subject), 0)
    + coalesce(octet_length(attributes::text), 0) + coalesce(octet_length(data::text), 0)) STORED
);

-- Events that sidehook did not accept, with the reason.
CREATE TABLE IF NOT EXISTS sidehook.outbox_refused (
  number     bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  position   bigint      NOT NULL,
  at         timestamptz NOT NULL,
  id         text        NOT NULL,
  type       text        NOT NULL,
  source     text,
  subject    text,
  attributes jsonb,
  data       json,
  reason     text        NOT NULL,
  refused_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- 1 while a sidehook that listens is idle, so that it has to be woken; else 0. It is a
-- sequence because that has no transactions and no dead rows.
CREATE SEQUENCE IF NOT EXISTS sidehook.outbox_idle MINVALUE 0 MAXVALUE 1 START 0;

-- Wakes idle sidehooks when the transaction commits. It notifies nobody else, since
-- commits that notify wait for each other. All sidehooks poll as well, so the trigger may
-- be disabled, for transactions that are prepared (PREPARE TRANSACTION).
CREATE OR REPLACE FUNCTION sidehook.outbox_notify() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $notify$
BEGIN
  IF (SELECT last_value FROM sidehook.outbox_idle) = 1 THEN
    PERFORM pg_notify('sidehook_outbox', '');
  END IF;
  RETURN NULL;
END
$notify$;

DO $init$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = 'sidehook.outbox'::regclass AND tgname = 'outbox_notify') THEN
    CREATE TRIGGER outbox_notify AFTER INSERT ON sidehook.outbox FOR EACH STATEMENT EXECUTE FUNCTION sidehook.outbox_notify();
  END IF;
END
$init$;

-- send writes an event into the outbox, and returns its id. The event leaves with the
-- transaction that calls it, or never. data keeps its bytes.
CREATE OR REPLACE FUNCTION sidehook.send(
  type text, data json, id text DEFAULT NULL, source text DEFAULT NULL, subject text DEFAULT NULL, attributes jsonb DEFAULT NULL
) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $send$
#variable_conflict use_variable
DECLARE
  control CONSTANT text := '[\x01-\x1f\x7f]';
  uri     CONSTANT text := '^([A-Za-z0-9._~:/?#@!$&''()*+,;=[\]-]|%[0-9A-Fa-f]{2})+$';
  name    text;
  value   jsonb;
  content text;
  flaw    text;
BEGIN
  id := coalesce(id, gen_random_uuid()::text);
  flaw := CASE
    WHEN coalesce(type, '') = '' THEN 'type must not be empty'
    WHEN type LIKE 'sidehook.%' THEN format('type %L: types that begin with "sidehook." are reserved for sidehook', type)
    WHEN type ~ control THEN 'type must not hold control characters'
    WHEN id = '' THEN 'id must not be empty; leave it out for a new one'
    WHEN id ~ control THEN 'id must not hold control characters'
    WHEN source = '' THEN 'source must not be empty; leave it out for the source in webhooks.yaml'
    WHEN source !~ uri THEN format('source %L must be a URI reference, such as com.example/app', source)
    WHEN subject = '' THEN 'subject must not be empty; leave it out for none'
    WHEN subject ~ control THEN 'subject must not hold control characters'
    WHEN jsonb_typeof(attributes) <> 'object' THEN 'attributes must be a JSON object, not ' || jsonb_typeof(attributes)
  END;
  IF flaw IS NULL AND attributes IS NOT NULL THEN
    FOR name, value IN SELECT * FROM jsonb_each(attributes) LOOP
      content := value #>> '{}';
      flaw := CASE
        WHEN name IN ('id', 'type', 'source', 'subject', 'data') THEN 'is an argument of its own'
        WHEN name = 'specversion' THEN 'is set by sidehook'
        WHEN name !~ '^[a-z0-9]+$' THEN 'is not the name of an attribute: those have lower-case letters and digits only'
        WHEN jsonb_typeof(value) = 'null' THEN NULL
        WHEN jsonb_typeof(value) IN ('object', 'array') THEN 'must be a string, a boolean or an integer, not ' || jsonb_typeof(value)
        WHEN name IN ('time', 'datacontenttype', 'dataschema', 'expirytime') AND jsonb_typeof(value) <> 'string' THEN 'must be a string, not ' || jsonb_typeof(value)
        WHEN jsonb_typeof(value) = 'boolean' THEN NULL
        WHEN jsonb_typeof(value) = 'number' THEN CASE
          WHEN content !~ '^-?[0-9]{1,10}$' OR content::bigint NOT BETWEEN -2147483648 AND 2147483647
          THEN 'must be an integer from -2147483648 to 2147483647; write any other number as a string' END
        WHEN content ~ control THEN 'must not hold control characters'
        WHEN name IN ('time', 'expirytime') AND content !~* '^\d{4}-\d\d-\d\dt\d\d:\d\d:\d\d(\.\d+)?(z|[+-]\d\d:\d\d)$' THEN 'must be a time of RFC 3339, such as 2026-11-23T14:55:00Z'
        WHEN name = 'datacontenttype' AND content !~ '^[^/[:space:]]+/[^/[:space:]]' THEN 'must be a media type, such as application/json'
        WHEN name = 'dataschema' AND (content !~ uri OR content !~ '^[A-Za-z][A-Za-z0-9+.-]*:') THEN 'must be a URI'
      END;
      IF flaw IS NOT NULL THEN
        flaw := format('attribute "%s" %s', name, flaw);
        EXIT;
      END IF;
    END LOOP;
  END IF;
  IF flaw IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value', MESSAGE = 'sidehook.send: ' || flaw;
  END IF;
  INSERT INTO sidehook.outbox (id, type, source, subject, attributes, data) VALUES (id, type, source, subject, attributes, data);
  RETURN id;
END
$send$;

-- A text, and so a literal: it must be JSON.
CREATE OR REPLACE FUNCTION sidehook.send(
  type text, data text DEFAULT NULL, id text DEFAULT NULL, source text DEFAULT NULL, subject text DEFAULT NULL, attributes jsonb DEFAULT NULL
) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $send$ SELECT sidehook.send(type, data::json, id, source, subject, attributes) $send$;

CREATE OR REPLACE FUNCTION sidehook.send(
  type text, data jsonb, id text DEFAULT NULL, source text DEFAULT NULL, subject text DEFAULT NULL, attributes jsonb DEFAULT NULL
) RETURNS text
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $send$ SELECT sidehook.send(type, data::text::json, id, source, subject, attributes) $send$;

-- Nobody may send or read but the owner, and those whom the owner lets.
REVOKE ALL ON FUNCTION sidehook.send(text, json, text, text, text, jsonb), sidehook.send(text, text, text, text, text, jsonb),
  sidehook.send(text, jsonb, text, text, text, jsonb), sidehook.outbox_notify() FROM PUBLIC;
REVOKE ALL ON sidehook.outbox, sidehook.outbox_refused FROM PUBLIC;
REVOKE ALL ON SEQUENCE sidehook.outbox_idle FROM PUBLIC;
