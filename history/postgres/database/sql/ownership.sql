-- record makes lines of deliveries durable, and checkpoints of webhooks after them.
-- p_owned and p_epochs say under which ownership a line was made: p_owner has for each
-- line its place in them. If the member does not own the webhook any more, the line is
-- late (P8), and a checkpoint is not written.
--
-- A batch that was recorded before, because its answer was lost, is not recorded again.
--
-- Nobody cancels what a member has called, so that a function that waits for a lock must
-- end by itself: else each call that is made again would leave one more session waiting.
-- record has the row of its member locked, which a beat waits for.
CREATE OR REPLACE FUNCTION {schema}.record(
  p_member text, p_incarnation text, p_batch bigint, p_owned text[], p_epochs bigint[],
  p_owner int[], p_kind text[], p_generation bigint[], p_seq bigint[], p_id_hash bigint[], p_sent bigint[], p_type text[], p_status text[],
  p_code int[], p_took int[], p_counts int[], p_at bigint[], p_skew bigint, p_size int[], p_lines bytea,
  p_config text[], p_config_generation bigint[], p_config_line bytea[],
  p_saved text[], p_saved_epoch bigint[], p_saved_at bigint[], p_checkpoint bytea[], p_covers_n bigint[], p_covers_seq bigint[], p_refs text[], p_figures bytea[],
  OUT last_n bigint, OUT late boolean[]
) LANGUAGE plpgsql VOLATILE
SET plan_cache_mode = force_generic_plan SET jit = off SET enable_seqscan = off SET enable_bitmapscan = off SET lock_timeout = '2s' AS $$
#variable_conflict use_column
DECLARE
  v_head record;
  v_count int := cardinality(p_owner);
  v_again boolean := false;
BEGIN
  UPDATE {schema}.members SET batch = p_batch WHERE name = p_member AND incarnation = p_incarnation AND batch < p_batch;
  IF NOT FOUND THEN
    v_again := EXISTS (SELECT FROM {schema}.members WHERE name = p_member AND incarnation = p_incarnation);
  END IF;
  PERFORM FROM {schema}.cursors WHERE webhook = ANY (p_owned) OR webhook = ANY (p_saved) ORDER BY webhook FOR UPDATE;
  SELECT array_agg(c.epoch IS NULL ORDER BY o.ord) INTO late
    FROM unnest(p_owned, p_epochs) WITH ORDINALITY AS o(webhook, epoch, ord)
    LEFT JOIN {schema}.cursors c ON c.webhook = o.webhook AND c.epoch = o.epoch AND c.owner = p_member AND c.incarnation = p_incarnation;
  IF v_count > 0 AND NOT v_again THEN
    PERFORM {schema}.lock_stream('attempts');
    SELECT h.last, h.next_part, h.width INTO STRICT v_head FROM {schema}.head h WHERE h.stream = 'attempts';
    IF v_head.last + v_count + v_head.width / 2 >= v_head.next_part THEN
      PERFORM {schema}.grow('attempts', v_head.last + v_count);
    END IF;
    INSERT INTO {schema}.attempts (n, at, kind, webhook, generation, seq, id_hash, sent, type, status, code, took, counts, late, skew, line)
    SELECT v_head.last + i.ord, i.at, i.kind, p_owned[i.owner], i.generation, i.seq, i.id_hash, i.sent, i.type, i.status, i.code,
      CASE WHEN late[i.owner] THEN 0 ELSE i.took END, CASE WHEN late[i.owner] THEN 0 ELSE i.counts END, late[i.owner], p_skew,
      substr(p_lines, (sum(i.size) OVER (ORDER BY i.ord) - i.size + 1)::int, i.size)
    FROM unnest(p_owner, p_kind, p_generation, p_seq, p_id_hash, p_sent, p_type, p_status, p_code, p_took, p_counts, p_at, p_size)
      WITH ORDINALITY AS i(owner, kind, generation, seq, id_hash, sent, type, status, code, took, counts, at, size, ord)
    ORDER BY i.ord;
    UPDATE {schema}.head SET last = last + v_count WHERE stream = 'attempts';
  END IF;
  INSERT INTO {schema}.configs (webhook, generation, at, line)
    SELECT webhook, generation, {schema}.now_ns(), line FROM unnest(p_config, p_config_generation, p_config_line) AS c(webhook, generation, line)
    ON CONFLICT DO NOTHING;
  UPDATE {schema}.cursors c SET checkpoint = s.checkpoint, covers_n = s.covers_n, covers_seq = s.covers_seq,
      written = s.at, refs = s.refs::bigint[], figures = coalesce(s.figures, c.figures)
    FROM unnest(p_saved, p_saved_epoch, p_saved_at, p_checkpoint, p_covers_n, p_covers_seq, p_refs, p_figures)
      AS s(webhook, epoch, at, checkpoint, covers_n, covers_seq, refs, figures)
    WHERE c.webhook = s.webhook AND c.epoch = s.epoch AND c.owner = p_member AND c.incarnation = p_incarnation AND s.covers_n >= c.covers_n;
  SELECT h.last INTO STRICT last_n FROM {schema}.head h WHERE h.stream = 'attempts';
END $$;

-- beat renews the lease of a member. holder is another incarnation that has the name, or
-- ''; since is the last beat of that one. If p_over is that beat, its lease is over: it has
-- been seen to be the last one for so long. members has all members, without entries, and
-- ownership changes whenever an owner does. p_entries is NULL if they are as before.
CREATE OR REPLACE FUNCTION {schema}.beat(
  p_name text, p_incarnation text, p_lease bigint, p_address text, p_generation bigint, p_file text, p_entries jsonb, p_leaving boolean, p_over bigint,
  OUT at bigint, OUT holder text, OUT since bigint, OUT members text, OUT ownership text, OUT asked bigint
) LANGUAGE plpgsql VOLATILE SET lock_timeout = '4s' AS $$
#variable_conflict use_column
BEGIN
  holder := '';
  since := 0;
  UPDATE {schema}.members SET beat = {schema}.now_ns(), lease = p_lease, address = p_address, generation = p_generation, file = p_file,
    leaving = p_leaving, entries = coalesce(p_entries, entries) WHERE name = p_name AND incarnation = p_incarnation;
  IF NOT FOUND THEN
    INSERT INTO {schema}.members AS m (name, incarnation, beat, lease, address, generation, file, leaving, entries)
      VALUES (p_name, p_incarnation, {schema}.now_ns(), p_lease, p_address, p_generation, p_file, p_leaving, coalesce(p_entries, '{}'))
      ON CONFLICT (name) DO UPDATE SET incarnation = excluded.incarnation, beat = excluded.beat, lease = excluded.lease, batch = 0,
        address = excluded.address, generation = excluded.generation, file = excluded.file, leaving = excluded.leaving, entries = excluded.entries
      WHERE m.beat IN (0, p_over);
    IF NOT FOUND THEN
      SELECT m.incarnation, m.beat INTO holder, since FROM {schema}.members m WHERE m.name = p_name;
    END IF;
  END IF;
  at := {schema}.now_ns();
  SELECT coalesce(json_agg(json_build_object('name', m.name, 'incarnation', m.incarnation, 'beat', m.beat, 'lease', m.lease,
      'address', m.address, 'generation', m.generation, 'file', m.file, 'leaving', m.leaving) ORDER BY m.name), '[]')::text INTO members FROM {schema}.members m;
  SELECT count(*) || ':' || coalesce(sum(epoch), 0) INTO ownership FROM {schema}.cursors;
  SELECT coalesce(max(id), 0) INTO asked FROM {schema}.asks WHERE answered IS NULL;
END $$;

-- take makes a member the owner of webhooks, each with the owner and the epoch that it
-- has seen, and the last beat of that owner, which it has seen to be the last one for a
-- lease. No clock of the database is asked: it may have been set meanwhile. The webhooks
-- that are not taken have another owner by now, or it has beaten since. It returns the new
-- epochs, 0 for those.
CREATE OR REPLACE FUNCTION {schema}.take(
  p_name text, p_incarnation text, p_webhook text[], p_owner text[], p_epoch bigint[], p_beat bigint[], OUT epochs bigint[]
) LANGUAGE plpgsql VOLATILE SET lock_timeout = '4s' AS $$
#variable_conflict use_column
BEGIN
  -- The members first, as record does. A beat that comes meanwhile waits, and then
  -- sees what was taken; one that came before is seen here.
  PERFORM FROM {schema}.members WHERE name = p_name OR name = ANY (p_owner) ORDER BY name FOR SHARE;
  IF NOT EXISTS (SELECT FROM {schema}.members WHERE name = p_name AND incarnation = p_incarnation AND beat > 0) THEN
    epochs := array_fill(0::bigint, ARRAY[cardinality(p_webhook)]);
    RETURN;
  END IF;
  INSERT INTO {schema}.cursors (webhook) SELECT webhook FROM unnest(p_webhook, p_epoch) AS i(webhook, epoch)
    WHERE i.epoch = 0 ORDER BY webhook ON CONFLICT DO NOTHING;
  PERFORM FROM {schema}.cursors WHERE webhook = ANY (p_webhook) ORDER BY webhook FOR UPDATE;
  WITH taken AS (
    UPDATE {schema}.cursors c SET owner = p_name, incarnation = p_incarnation, epoch = c.epoch + 1
    FROM unnest(p_webhook, p_owner, p_epoch, p_beat) AS i(webhook, owner, epoch, beat)
    WHERE c.webhook = i.webhook AND c.owner = i.owner AND c.epoch = i.epoch
      AND (c.owner = p_name AND c.incarnation = p_incarnation
        OR NOT EXISTS (SELECT FROM {schema}.members m WHERE m.name = c.owner AND m.incarnation = c.incarnation AND m.beat NOT IN (0, i.beat)))
    RETURNING c.webhook, c.epoch
  )
  SELECT array_agg(coalesce(t.epoch, 0) ORDER BY i.ord) INTO epochs
  FROM unnest(p_webhook) WITH ORDINALITY AS i(webhook, ord) LEFT JOIN taken t ON t.webhook = i.webhook;
END $$;

-- release lets go of webhooks, if they are still the member's.
CREATE OR REPLACE FUNCTION {schema}.release(p_name text, p_incarnation text, p_webhook text[], p_epoch bigint[]) RETURNS void
LANGUAGE plpgsql VOLATILE SET lock_timeout = '4s' AS $$
BEGIN
  PERFORM FROM {schema}.cursors WHERE webhook = ANY (p_webhook) ORDER BY webhook FOR UPDATE;
  UPDATE {schema}.cursors c SET owner = '', incarnation = '', epoch = c.epoch + 1
    FROM unnest(p_webhook, p_epoch) AS i(webhook, epoch)
    WHERE c.webhook = i.webhook AND c.epoch = i.epoch AND c.owner = p_name AND c.incarnation = p_incarnation;
END $$;

-- leave ends the lease of a member that stops. Its row stays, so that it is known by its
-- file when it comes back.
CREATE OR REPLACE FUNCTION {schema}.leave(p_name text, p_incarnation text) RETURNS void
LANGUAGE sql VOLATILE AS $$
  UPDATE {schema}.members SET beat = 0 WHERE name = p_name AND incarnation = p_incarnation
$$;

-- number returns the number of a configuration, by the hash of what it means. A member
-- that starts with the file that it had, or that another one has, gets the number of
-- that; one whose file was edited a new one, unless the newest is the same.
CREATE OR REPLACE FUNCTION {schema}.number(p_name text, p_file text, p_edited boolean) RETURNS bigint
LANGUAGE plpgsql VOLATILE AS $$
DECLARE
  v_newest record;
  v_known bigint;
BEGIN
  PERFORM {schema}.lock_stream('generations');
  SELECT n, hash INTO v_newest FROM {schema}.generations ORDER BY n DESC LIMIT 1;
  IF v_newest.hash = p_file THEN
    RETURN v_newest.n;
  END IF;
  IF NOT p_edited THEN
    SELECT generation INTO v_known FROM {schema}.members WHERE file = p_file AND generation > 0 AND (name = p_name OR abs({schema}.now_ns() - beat) <= lease)
      ORDER BY name = p_name DESC, generation DESC LIMIT 1;
    IF FOUND THEN
      RETURN v_known;
    END IF;
  END IF;
  INSERT INTO {schema}.generations (n, hash, member) VALUES (coalesce(v_newest.n, 0) + 1, p_file, p_name);
  RETURN coalesce(v_newest.n, 0) + 1;
END $$;

REVOKE ALL ON FUNCTION {schema}.record(text, text, bigint, text[], bigint[], int[], text[], bigint[], bigint[], bigint[], bigint[], text[], text[], int[], int[], int[], bigint[], bigint, int[], bytea,
  text[], bigint[], bytea[], text[], bigint[], bigint[], bytea[], bigint[], bigint[], text[], bytea[]),
  {schema}.beat(text, text, bigint, text, bigint, text, jsonb, boolean, bigint), {schema}.take(text, text, text[], text[], bigint[], bigint[]),
  {schema}.release(text, text, text[], bigint[]), {schema}.leave(text, text), {schema}.number(text, text, boolean) FROM PUBLIC;
