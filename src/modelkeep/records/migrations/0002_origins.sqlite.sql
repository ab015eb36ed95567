-- Site, licence, lineage, class of size and last load of each model: see records/facts.py.
ALTER TABLE mk_model ADD COLUMN site TEXT NOT NULL DEFAULT '';
ALTER TABLE mk_model ADD COLUMN licence TEXT NOT NULL DEFAULT '';
ALTER TABLE mk_model ADD COLUMN lineage TEXT NOT NULL DEFAULT '';
ALTER TABLE mk_model ADD COLUMN size_class TEXT NOT NULL DEFAULT '';
ALTER TABLE mk_model ADD COLUMN used TEXT NOT NULL DEFAULT 'never';
ALTER TABLE mk_model ADD COLUMN loaded_at FLOAT;
UPDATE mk_model SET
  lineage = CASE WHEN json_valid(config) AND json_type(config, '$.lineage') = 'text'
    THEN json_extract(config, '$.lineage') ELSE '' END,
  size_class = CASE
    WHEN size IS NULL THEN ''
    WHEN size < 100000000 THEN 'tiny'
    WHEN size < 1000000000 THEN 'small'
    WHEN size < 5000000000 THEN 'medium'
    WHEN size < 20000000000 THEN 'large'
    ELSE 'huge' END,
  site = CASE
    WHEN coalesce(source, '') = '' THEN ''
    WHEN source LIKE 'http://%' OR source LIKE 'https://%' THEN (
      SELECT CASE
        WHEN host IN ('huggingface.co', 'www.huggingface.co', 'hf.co', 'www.hf.co')
          THEN 'huggingface'
        WHEN host IN ('civitai.com', 'www.civitai.com') THEN 'civitai'
        WHEN host IN (
          'modelscope.cn', 'www.modelscope.cn', 'modelscope.ai', 'www.modelscope.ai'
        ) THEN 'modelscope'
        ELSE 'link' END
      FROM (
        SELECT substr(rest, 1, instr(rest || '/', '/') - 1) AS host
        FROM (SELECT lower(substr(source, instr(source, '://') + 3)) AS rest)
      )
    )
    WHEN instr(source, ':') > 2 AND instr(substr(source, 1, instr(source, ':')), '/') = 0 THEN
      CASE lower(substr(source, 1, instr(source, ':') - 1))
        WHEN 'ms' THEN 'modelscope'
        WHEN 'hf' THEN 'huggingface'
        WHEN 'file' THEN 'local'
        ELSE lower(substr(source, 1, instr(source, ':') - 1)) END
    WHEN substr(source, 1, 1) IN ('/', '.', '~') OR substr(source, 2, 1) = ':' THEN 'local'
    WHEN instr(source, '/') > 0 THEN 'huggingface'
    ELSE 'local' END;
UPDATE mk_model SET
  site = (SELECT type FROM mk_metadata WHERE model_key = mk_model."key")
  WHERE "key" IN (SELECT model_key FROM mk_metadata WHERE type <> 'basemetadata');
UPDATE mk_model SET
  licence = coalesce((
    SELECT CASE type
      WHEN 'civitai' THEN CASE
        WHEN EXISTS (
          SELECT 1 FROM json_each(said, '$.restrictions.AllowCommercialUse')
          WHERE value <> 'None'
        ) THEN 'commercial' ELSE 'non-commercial' END
      WHEN 'huggingface' THEN lower(CASE
        WHEN named IN ('', 'other') THEN coalesce(nullif(own, ''), named)
        ELSE named END)
      ELSE '' END
    FROM (
      SELECT type, said,
        coalesce(
          nullif(CASE json_type(said, '$.tag_dict.cardData.license')
            WHEN 'text' THEN json_extract(said, '$.tag_dict.cardData.license')
            WHEN 'array' THEN
              CASE json_type(said, '$.tag_dict.cardData.license[0]')
                WHEN 'text' THEN json_extract(said, '$.tag_dict.cardData.license[0]') END
            END, ''),
          (SELECT substr(min(value), 9) FROM json_each(said, '$.tags')
            WHERE value GLOB 'license:*'),
          '') AS named,
        CASE json_type(said, '$.tag_dict.cardData.license_name')
          WHEN 'text' THEN json_extract(said, '$.tag_dict.cardData.license_name') END AS own
      FROM (
        SELECT type, CASE WHEN json_valid(metadata) THEN metadata ELSE '{}' END AS said
        FROM mk_metadata WHERE model_key = mk_model."key"
      )
    )
  ), '');
DROP INDEX ix_mk_model_facets;
CREATE INDEX ix_mk_model_facets ON mk_model
  (type, base, format, root, state, site, licence, lineage, size_class, used);
