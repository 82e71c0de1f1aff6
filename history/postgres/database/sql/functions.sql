-- now_ns returns the time of the database in Unix nanoseconds.
CREATE OR REPLACE FUNCTION {schema}.now_ns() RETURNS bigint
LANGUAGE sql VOLATILE AS $$
  SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint * 1000
$$;

-- grow makes the partitions of a stream for the numbers up to one, and half a
-- partition more. Its caller holds the lock of the stream.
CREATE OR REPLACE FUNCTION {schema}.grow(p_stream text, p_upto bigint) RETURNS void
LANGUAGE plpgsql VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp AS $$
DECLARE
  h record;
  t text;
BEGIN
  SELECT next_part, width, last INTO STRICT h FROM {schema}.head WHERE stream = p_stream;
  IF p_upto > h.last + 1000000 THEN
    RAISE EXCEPTION 'sidehook: % partitions up to % are too many', p_stream, p_upto;
  END IF;
  WHILE h.next_part <= p_upto + h.width / 2 LOOP
    FOREACH t IN ARRAY CASE p_stream WHEN 'events' THEN ARRAY['events', 'targets'] WHEN 'attempts' THEN ARRAY['attempts', 'minutes'] ELSE ARRAY[p_stream] END LOOP
      EXECUTE format('CREATE TABLE {schema}.%I (LIKE {schema}.%I INCLUDING ALL)', t || '_' || h.next_part, t);
      EXECUTE format('ALTER TABLE {schema}.%I ATTACH PARTITION {schema}.%I FOR VALUES FROM (%s) TO (%s)',
        t, t || '_' || h.next_part, h.next_part, h.next_part + h.width);
    END LOOP;
    INSERT INTO {schema}.parts (stream, first, next, since) VALUES (p_stream, h.next_part, h.next_part + h.width, {schema}.now_ns());
    h.next_part := h.next_part + h.width;
  END LOOP;
  UPDATE {schema}.head SET next_part = h.next_part WHERE stream = p_stream;
END $$;

-- lock_stream locks a stream until the end of the transaction.
CREATE OR REPLACE FUNCTION {schema}.lock_stream(p_stream text) RETURNS void
LANGUAGE sql VOLATILE AS $$
  SELECT pg_advisory_xact_lock(hashtextextended('{schema}/' || p_stream, 0))
$$;

-- durable refuses a transaction whose commit would promise too little.
CREATE OR REPLACE FUNCTION {schema}.durable(p_sync text) RETURNS void
LANGUAGE plpgsql STABLE AS $$
BEGIN
  IF current_setting('transaction_isolation') <> 'read committed' THEN
    RAISE EXCEPTION 'default_transaction_isolation must be read committed' USING ERRCODE = 'SH001';
  END IF;
  IF p_sync = 'require' THEN
    IF trim(current_setting('synchronous_standby_names')) = '' THEN
      RAISE EXCEPTION 'no synchronous standby is configured: synchronous_standby_names is empty' USING ERRCODE = 'SH001';
    END IF;
    IF current_setting('synchronous_commit') NOT IN ('on', 'remote_apply') THEN
      RAISE EXCEPTION 'synchronous_commit is %, and must be on or remote_apply', current_setting('synchronous_commit') USING ERRCODE = 'SH001';
    END IF;
  ELSIF current_setting('synchronous_commit') = 'off' THEN
    RAISE EXCEPTION 'synchronous_commit is off' USING ERRCODE = 'SH001';
  END IF;
END $$;

-- accept makes the records of a group commit durable. p_lines has their lines, one
-- after the other. A record has a character in states: n is new, d repeats an event,
-- c has its source and id with another content, r was refused with its request
-- because of such a one, g refers to an event that was removed, s is needless: p_after has
-- for a resend in bulk the last record when it was selected, and by now its event has been
-- resent to the webhook; or a rename has ended the delivery before. f would be new and there is no room (not p_room). known has the
-- webhooks of the events that are repeated. a was accepted by an earlier call with this
-- p_batch, whose answer was lost, so that it repeats nothing.
CREATE OR REPLACE FUNCTION {schema}.accept(
  p_sync text, p_room boolean, p_req int[], p_key uuid[], p_content bigint[], p_of bigint[], p_generation bigint[], p_id_hash bigint[],
  p_type text[], p_webhooks text[], p_was text[], p_ends bigint[], p_after bigint[], p_size int[], p_lines bytea, p_batch bigint,
  OUT stamped bigint, OUT last_seq bigint, OUT seqs bigint[], OUT states text, OUT known text[]
) LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_column
DECLARE
  v_events record;
  v_ids record;
  v_count int := cardinality(p_req);
  v_hash bigint[] := p_id_hash;
  v_type text[] := p_type;
  v_needless boolean[] := array_fill(false, ARRAY[cardinality(p_req)]);
  v_fresh bigint;
  v_known bigint;
BEGIN
  PERFORM {schema}.durable(p_sync);
  PERFORM {schema}.lock_stream('events');
  SELECT h.last, h.next_part, h.width INTO STRICT v_events FROM {schema}.head h WHERE h.stream = 'events';
  SELECT h.last, h.next_part, h.width INTO STRICT v_ids FROM {schema}.head h WHERE h.stream = 'ids';
  IF v_events.last + v_count + v_events.width / 2 >= v_events.next_part THEN
    PERFORM {schema}.grow('events', v_events.last + v_count);
  END IF;
  IF v_ids.last + v_count + v_ids.width / 2 >= v_ids.next_part THEN
    PERFORM {schema}.grow('ids', v_ids.last + v_count);
  END IF;
  stamped := {schema}.now_ns();
  -- A statement that reads events locks all its partitions, so only resends do that.
  IF EXISTS (SELECT FROM unnest(p_of) of WHERE of > 0) THEN
    SELECT array_agg(coalesce(e.id_hash, i.hash) ORDER BY i.ord), array_agg(CASE WHEN i.of > 0 THEN e.type ELSE i.type END ORDER BY i.ord),
      array_agg(CASE WHEN i.was <> '' THEN EXISTS (SELECT FROM {schema}.events x JOIN {schema}.targets t ON t.webhook = i.was AND t.seq = x.seq
          WHERE x.of = i.of AND x.of > 0 AND x.seq > i.ends AND t.ends = i.ends)
        ELSE i.after > 0 AND EXISTS (SELECT FROM {schema}.events x
          WHERE x.of = i.of AND x.of > 0 AND x.seq > i.after AND i.webhooks = ANY (string_to_array(x.webhooks, ' '))) END ORDER BY i.ord)
    INTO v_hash, v_type, v_needless
    FROM unnest(p_of, p_id_hash, p_type, p_webhooks, p_was, p_ends, p_after) WITH ORDINALITY AS i(of, hash, type, webhooks, was, ends, after, ord)
    LEFT JOIN LATERAL (SELECT x.id_hash, x.type FROM {schema}.events x WHERE i.of > 0 AND x.seq = i.of AND x.kind = 'event' LIMIT 1) e ON true;
  END IF;
  WITH looked AS (
    SELECT i.*, k.seq AS old, k.webhooks AS old_webhooks,
      sum(i.size) OVER (ORDER BY i.ord) - i.size + 1 AS begins,
      CASE WHEN i.of > 0 THEN CASE WHEN i.type IS NULL THEN 'g' WHEN i.needless THEN 's' ELSE 'n' END
        WHEN k.seq IS NULL THEN 'n' WHEN k.content <> i.content THEN 'c' WHEN k.batch = p_batch THEN 'a' ELSE 'd' END AS state
    FROM unnest(p_req, p_key, p_content, p_of, p_generation, v_hash, v_type, p_webhooks, p_was, p_ends, v_needless, p_size)
      WITH ORDINALITY AS i(req, key, content, of, generation, id_hash, type, webhooks, was, ends, needless, size, ord)
    LEFT JOIN LATERAL (SELECT x.seq, x.content, x.webhooks, x.batch FROM {schema}.ids x
      WHERE i.of = 0 AND x.key = i.key AND x.n > v_ids.last - 100000 ORDER BY x.n DESC LIMIT 1) k ON true
  ), judged AS (
    SELECT *, CASE WHEN state <> 'c' AND bool_or(state = 'c') OVER (PARTITION BY req) THEN 'r'
      WHEN state = 'n' AND NOT p_room THEN 'f' ELSE state END AS verdict FROM looked
  ), numbered AS MATERIALIZED (
    SELECT *, v_events.last + count(*) FILTER (WHERE verdict = 'n') OVER (ORDER BY ord) AS seq,
      v_ids.last + count(*) FILTER (WHERE verdict = 'n' AND of = 0) OVER (ORDER BY ord) AS n FROM judged
  ), fresh_events AS (
    INSERT INTO {schema}.events (seq, at, kind, of, generation, id_hash, type, webhooks, size, line)
    SELECT seq, stamped, CASE WHEN of > 0 THEN 'resend' ELSE 'event' END, of, generation, id_hash, type, webhooks, size, substr(p_lines, begins::int, size)
    FROM numbered WHERE verdict = 'n' ORDER BY ord
  ), fresh_targets AS (
    INSERT INTO {schema}.targets (webhook, seq, size, ends)
    SELECT w, x.seq, x.size, 0 FROM numbered x, string_to_table(x.webhooks, ' ') w WHERE x.verdict = 'n' AND x.webhooks <> ''
    UNION ALL SELECT was, seq, size, ends FROM numbered WHERE verdict = 'n' AND was <> ''
  ), fresh_ids AS (
    INSERT INTO {schema}.ids (key, n, content, seq, webhooks, batch)
    SELECT key, n, content, seq, webhooks, p_batch FROM numbered WHERE verdict = 'n' AND of = 0
  )
  SELECT array_agg(CASE WHEN verdict = 'n' THEN seq WHEN verdict IN ('d', 'a') THEN old ELSE 0 END ORDER BY ord), coalesce(string_agg(verdict, '' ORDER BY ord), ''),
    array_agg(CASE WHEN verdict = 'd' THEN old_webhooks ELSE '' END ORDER BY ord),
    count(*) FILTER (WHERE verdict = 'n'), count(*) FILTER (WHERE verdict = 'n' AND of = 0)
  INTO seqs, states, known, v_fresh, v_known FROM numbered;
  last_seq := v_events.last + v_fresh;
  -- Also where nothing is new: the commit of a repeat must wait for what it repeats (P4).
  UPDATE {schema}.head SET last = last + CASE stream WHEN 'events' THEN v_fresh ELSE v_known END WHERE stream IN ('events', 'ids');
END $$;

REVOKE ALL ON FUNCTION {schema}.now_ns(), {schema}.grow(text, bigint), {schema}.lock_stream(text), {schema}.durable(text),
  {schema}.accept(text, boolean, int[], uuid[], bigint[], bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], int[], bytea, bigint) FROM PUBLIC;
