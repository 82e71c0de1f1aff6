-- part_needed reports whether a partition must stay, whatever its age: it is being filled,
-- or a delivery that waits, or is not covered by a checkpoint, needs a record of it.
CREATE OR REPLACE FUNCTION {schema}.part_needed(p_stream text, p_first bigint, p_next bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET jit = off SET enable_seqscan = off AS $$
DECLARE
  v_last bigint;
  v_covered bigint;
BEGIN
  SELECT last INTO STRICT v_last FROM {schema}.head WHERE stream = p_stream;
  IF p_next > v_last + 1 OR NOT EXISTS (SELECT FROM {schema}.parts WHERE stream = p_stream AND first = p_first AND next = p_next) THEN
    RETURN true;
  END IF;
  CASE p_stream
  WHEN 'ids' THEN
    RETURN p_next > v_last - 100000; -- P6
  WHEN 'events' THEN -- P7
    SELECT coalesce(min(covers_seq), 0) INTO v_covered FROM {schema}.cursors;
    RETURN EXISTS (SELECT FROM {schema}.cursors c, generate_subscripts(c.refs, 1) i WHERE i % 2 = 1 AND c.refs[i] < p_next AND c.refs[i + 1] >= p_first)
      OR EXISTS (SELECT FROM {schema}.cursors c WHERE EXISTS (SELECT FROM {schema}.targets t
        WHERE t.webhook = c.webhook AND t.seq >= p_first AND t.seq < p_next AND t.seq > c.covers_seq))
      OR EXISTS (SELECT FROM {schema}.targets t WHERE t.seq >= p_first AND t.seq < p_next AND NOT EXISTS (SELECT FROM {schema}.cursors c WHERE c.webhook = t.webhook))
      OR EXISTS (SELECT FROM {schema}.events e JOIN {schema}.targets t ON t.seq = e.seq LEFT JOIN {schema}.cursors c ON c.webhook = t.webhook
        WHERE e.of > 0 AND e.of >= p_first AND e.of < p_next AND e.seq >= p_next AND (c.webhook IS NULL OR e.seq > c.covers_seq));
  WHEN 'attempts' THEN
    -- Those of an event go after it, and what no checkpoint covers is replayed.
    RETURN EXISTS (SELECT FROM {schema}.parts p WHERE p.stream = 'events' AND EXISTS (SELECT FROM {schema}.attempts a
        WHERE a.n >= p_first AND a.n < p_next AND a.seq >= p.first AND a.seq < p.next))
      OR EXISTS (SELECT FROM {schema}.cursors c WHERE EXISTS (SELECT FROM {schema}.attempts a
        WHERE a.webhook = c.webhook AND a.n >= p_first AND a.n < p_next AND a.n > c.covers_n));
  END CASE;
END $$;

-- remove_part removes a partition, and reports whether it is gone. It waits for nobody
-- for long: while it does, events and attempts wait for it.
CREATE OR REPLACE FUNCTION {schema}.remove_part(p_stream text, p_first bigint, p_next bigint) RETURNS boolean
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE
  v_tables text[] := CASE p_stream WHEN 'events' THEN ARRAY['events', 'targets'] WHEN 'attempts' THEN ARRAY['attempts', 'minutes'] ELSE ARRAY[p_stream] END;
  t text;
BEGIN
  IF {schema}.part_needed(p_stream, p_first, p_next) THEN
    RETURN false;
  END IF;
  PERFORM {schema}.lock_stream(CASE p_stream WHEN 'attempts' THEN p_stream ELSE 'events' END);
  FOREACH t IN ARRAY v_tables LOOP
    EXECUTE format('LOCK TABLE {schema}.%I IN ACCESS EXCLUSIVE MODE', t);
  END LOOP;
  -- A resend may have come meanwhile.
  IF {schema}.part_needed(p_stream, p_first, p_next) THEN
    RETURN false;
  END IF;
  FOREACH t IN ARRAY v_tables LOOP
    EXECUTE format('DROP TABLE {schema}.%I', t || '_' || p_first);
  END LOOP;
  DELETE FROM {schema}.parts WHERE stream = p_stream AND first = p_first;
  RETURN true;
END $$;

-- prepare_parts sets how wide new partitions are, and makes the next ones of a stream
-- before those who fill it need them.
CREATE OR REPLACE FUNCTION {schema}.prepare_parts(p_stream text, p_width bigint, p_ahead bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
BEGIN
  PERFORM {schema}.lock_stream(CASE p_stream WHEN 'attempts' THEN p_stream ELSE 'events' END);
  UPDATE {schema}.head SET width = p_width WHERE stream = p_stream AND width <> p_width;
  PERFORM {schema}.grow(p_stream, last + p_ahead) FROM {schema}.head WHERE stream = p_stream AND last > 0 AND next_part <= last + p_ahead + width / 2;
END $$;

-- end_part ends the partition that is being filled after its last record. Those that were
-- made ahead are empty, and made again.
CREATE OR REPLACE FUNCTION {schema}.end_part(p_stream text, p_first bigint, p_next bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET lock_timeout = '300ms' AS $$
DECLARE
  v_tables text[] := CASE p_stream WHEN 'events' THEN ARRAY['events', 'targets'] ELSE ARRAY['attempts', 'minutes'] END;
  v_last bigint;
  v_ahead bigint;
  t text;
BEGIN
  PERFORM {schema}.lock_stream(p_stream);
  SELECT last INTO STRICT v_last FROM {schema}.head WHERE stream = p_stream;
  IF v_last < p_first OR v_last >= p_next - 1 OR EXISTS (SELECT FROM {schema}.meta WHERE importing <> '') OR NOT EXISTS (SELECT FROM {schema}.parts WHERE stream = p_stream AND first = p_first AND next = p_next) THEN
    RETURN;
  END IF;
  FOREACH t IN ARRAY v_tables LOOP
    EXECUTE format('LOCK TABLE {schema}.%I IN ACCESS EXCLUSIVE MODE', t);
  END LOOP;
  FOREACH t IN ARRAY v_tables LOOP
    FOR v_ahead IN SELECT first FROM {schema}.parts WHERE stream = p_stream AND first > v_last LOOP
      EXECUTE format('DROP TABLE {schema}.%I', t || '_' || v_ahead);
    END LOOP;
    EXECUTE format('ALTER TABLE {schema}.%I DETACH PARTITION {schema}.%I', t, t || '_' || p_first);
    EXECUTE format('ALTER TABLE {schema}.%I ATTACH PARTITION {schema}.%I FOR VALUES FROM (%s) TO (%s)', t, t || '_' || p_first, p_first, v_last + 1);
  END LOOP;
  DELETE FROM {schema}.parts WHERE stream = p_stream AND first > v_last;
  UPDATE {schema}.parts SET next = v_last + 1 WHERE stream = p_stream AND first = p_first;
  UPDATE {schema}.head SET next_part = v_last + 1 WHERE stream = p_stream;
  PERFORM {schema}.grow(p_stream, v_last + 1);
END $$;

-- tally_part counts the attempts of a partition that is filled, by the minute, so that
-- statistics need not read it.
CREATE OR REPLACE FUNCTION {schema}.tally_part(p_first bigint, p_next bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp SET jit = off AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM {schema}.parts p JOIN {schema}.head h ON h.stream = p.stream
    WHERE p.stream = 'attempts' AND p.first = p_first AND p.next = p_next AND NOT p.tallied AND p.next <= h.last + 1) THEN
    RETURN;
  END IF;
  INSERT INTO {schema}.minutes (n, minute, webhook, took, counts, times)
    SELECT p_first, minute, webhook, array_agg(took), array_agg(counts), array_agg(times) FROM (
      SELECT at / 60000000000 AS minute, webhook, took, counts, count(*) AS times FROM {schema}.attempts
      WHERE n >= p_first AND n < p_next AND counts <> 0 GROUP BY 1, 2, 3, 4) x
    GROUP BY minute, webhook ON CONFLICT DO NOTHING;
  UPDATE {schema}.parts SET tallied = true WHERE stream = 'attempts' AND first = p_first;
END $$;

-- history_parts has the partitions with the bytes on disk, and when the newest record of
-- each is of; 0 if it has none, or is being filled.
CREATE OR REPLACE FUNCTION {schema}.history_parts() RETURNS TABLE (stream text, first bigint, next bigint, since bigint, tallied boolean, bytes bigint, newest bigint, last bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
#variable_conflict use_column
DECLARE
  p record;
  v_newest bigint;
BEGIN
  FOR p IN SELECT p.stream, p.first, p.next, p.since, p.tallied, h.last FROM {schema}.parts p JOIN {schema}.head h ON h.stream = p.stream ORDER BY p.stream, p.first LOOP
    v_newest := 0;
    IF p.next <= p.last + 1 AND p.stream = 'events' THEN
      EXECUTE format('SELECT at FROM {schema}.%I ORDER BY seq DESC LIMIT 1', p.stream || '_' || p.first) INTO v_newest;
    ELSIF p.next <= p.last + 1 AND p.stream = 'attempts' THEN
      EXECUTE format('SELECT at FROM {schema}.%I ORDER BY at DESC LIMIT 1', p.stream || '_' || p.first) INTO v_newest;
    END IF;
    RETURN QUERY SELECT p.stream, p.first, p.next, p.since, p.tallied,
      pg_total_relation_size(to_regclass(format('{schema}.%I', p.stream || '_' || p.first)))
        + CASE p.stream WHEN 'events' THEN pg_total_relation_size(to_regclass(format('{schema}.%I', 'targets_' || p.first)))
          WHEN 'attempts' THEN pg_total_relation_size(to_regclass(format('{schema}.%I', 'minutes_' || p.first))) ELSE 0 END,
      coalesce(v_newest, 0), p.last;
  END LOOP;
END $$;

REVOKE ALL ON FUNCTION {schema}.part_needed(text, bigint, bigint), {schema}.remove_part(text, bigint, bigint), {schema}.prepare_parts(text, bigint, bigint),
  {schema}.end_part(text, bigint, bigint), {schema}.tally_part(bigint, bigint), {schema}.history_parts() FROM PUBLIC;
