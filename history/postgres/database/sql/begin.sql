-- What is there already is not worth a notice each.
SET LOCAL client_min_messages = warning;
DO $$ BEGIN
  IF current_setting('server_version_num')::int < 140000 THEN
    RAISE EXCEPTION 'sidehook needs PostgreSQL 14 or later, and this is %', current_setting('server_version');
  END IF;
END $$;
