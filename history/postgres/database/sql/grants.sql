GRANT USAGE ON SCHEMA {schema} TO {role};
GRANT SELECT ON {schema}.meta, {schema}.parts, {schema}.head, {schema}.minutes TO {role};
GRANT UPDATE (last, width) ON {schema}.head TO {role};
GRANT SELECT, INSERT ON {schema}.events, {schema}.targets, {schema}.ids, {schema}.attempts, {schema}.configs, {schema}.generations TO {role};
GRANT SELECT, INSERT, UPDATE, DELETE ON {schema}.cursors, {schema}.members, {schema}.asks TO {role};
GRANT EXECUTE ON FUNCTION {schema}.now_ns(), {schema}.grow(text, bigint), {schema}.lock_stream(text), {schema}.durable(text),
  {schema}.accept(text, boolean, int[], uuid[], bigint[], bigint[], bigint[], bigint[], text[], text[], text[], bigint[], bigint[], int[], bytea, bigint) TO {role};
GRANT EXECUTE ON FUNCTION {schema}.record(text, text, bigint, text[], bigint[], int[], text[], bigint[], bigint[], bigint[], bigint[], text[], text[], int[], int[], int[], bigint[], bigint, int[], bytea,
  text[], bigint[], bytea[], text[], bigint[], bigint[], bytea[], bigint[], bigint[], text[], bytea[]),
  {schema}.beat(text, text, bigint, text, bigint, text, jsonb, boolean, bigint), {schema}.take(text, text, text[], text[], bigint[], bigint[]),
  {schema}.release(text, text, text[], bigint[]), {schema}.leave(text, text), {schema}.number(text, text, boolean) TO {role};
GRANT EXECUTE ON FUNCTION {schema}.import_begin(text, bigint, bigint), {schema}.import_skip(text, bigint), {schema}.import_ready(text, bigint),
  {schema}.import_end(text, text, bigint, text, bigint, text[], bytea[], text[], bigint, bigint) TO {role};
GRANT EXECUTE ON FUNCTION {schema}.remove_part(text, bigint, bigint), {schema}.prepare_parts(text, bigint, bigint), {schema}.end_part(text, bigint, bigint), {schema}.tally_part(bigint, bigint), {schema}.history_parts() TO {role};
