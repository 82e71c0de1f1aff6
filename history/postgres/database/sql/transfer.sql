-- import_begin readies an empty schema for the records of a folder (p_source), whose
-- streams begin at these numbers. It returns why it cannot, or ''; it can again and again
-- for the same folder until import_end.
CREATE OR REPLACE FUNCTION {schema}.import_begin(p_source text, p_event bigint, p_attempt bigint) RETURNS text
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  v_importing text;
BEGIN
  SELECT importing INTO STRICT v_importing FROM {schema}.meta FOR UPDATE;
  IF v_importing = p_source THEN
    RETURN '';
  ELSIF v_importing <> '' THEN
    RETURN 'the import of another history was begun, and has not ended';
  ELSIF EXISTS (SELECT FROM {schema}.head WHERE last > 0) OR EXISTS (SELECT FROM {schema}.cursors) THEN
    RETURN 'there is a history already';
  ELSIF EXISTS (SELECT FROM {schema}.members WHERE beat > 0) THEN
    RETURN 'relays run with it: stop them';
  END IF;
  UPDATE {schema}.meta SET importing = p_source;
  PERFORM {schema}.import_skip('events', p_event), {schema}.import_skip('attempts', p_attempt);
  RETURN '';
END $$;

-- import_skip has the next number of a stream be at least this one: those before it were
-- removed, or are damaged. No partitions are made for many of them.
CREATE OR REPLACE FUNCTION {schema}.import_skip(p_stream text, p_next bigint) RETURNS void
LANGUAGE sql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
  UPDATE {schema}.head SET next_part = greatest(next_part, p_next), last = greatest(last, p_next - 1)
    WHERE stream = p_stream AND EXISTS (SELECT FROM {schema}.meta WHERE importing <> '')
$$;

-- import_ready makes the partitions for numbers up to one, and locks the stream. Its
-- caller inserts the rows in the same transaction, and calls import_taken.
CREATE OR REPLACE FUNCTION {schema}.import_ready(p_stream text, p_last bigint) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_last bigint;
BEGIN
  PERFORM {schema}.lock_stream(p_stream);
  SELECT last INTO STRICT v_last FROM {schema}.head WHERE stream = p_stream;
  PERFORM {schema}.grow(p_stream, p_last);
  RETURN v_last;
END $$;

-- import_end ends an import: a relay may start from now on.
CREATE OR REPLACE FUNCTION {schema}.import_end(p_sync text, p_source text, p_generation bigint, p_hash text, p_at bigint,
  p_webhook text[], p_checkpoint bytea[], p_refs text[], p_covers_n bigint, p_covers_seq bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM {schema}.durable(p_sync);
  IF NOT EXISTS (SELECT FROM {schema}.meta WHERE importing = p_source FOR UPDATE) THEN
    RAISE EXCEPTION 'sidehook: another import has begun';
  END IF;
  INSERT INTO {schema}.cursors (webhook, checkpoint, covers_n, covers_seq, written, refs)
    SELECT webhook, checkpoint, p_covers_n, p_covers_seq, p_at, refs::bigint[] FROM unnest(p_webhook, p_checkpoint, p_refs) AS c(webhook, checkpoint, refs);
  IF p_generation > 0 THEN
    INSERT INTO {schema}.generations (n, hash, member) VALUES (p_generation, p_hash, 'import') ON CONFLICT DO NOTHING;
  END IF;
  UPDATE {schema}.meta SET importing = '';
END $$;

REVOKE ALL ON FUNCTION {schema}.import_begin(text, bigint, bigint), {schema}.import_skip(text, bigint), {schema}.import_ready(text, bigint),
  {schema}.import_end(text, text, bigint, text, bigint, text[], bytea[], text[], bigint, bigint) FROM PUBLIC;
