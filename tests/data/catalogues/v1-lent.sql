PRAGMA application_id = 0;
PRAGMA user_version = 7;
BEGIN TRANSACTION;
CREATE TABLE mk_file (
	id INTEGER NOT NULL, 
	model_key TEXT NOT NULL, 
	root TEXT NOT NULL, 
	path TEXT NOT NULL, 
	size INTEGER NOT NULL, 
	mtime_ns INTEGER NOT NULL, 
	inode INTEGER NOT NULL, 
	sha256 TEXT, 
	blake3 TEXT, 
	hashed_at FLOAT, 
	PRIMARY KEY (id), 
	UNIQUE (root, path), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
INSERT INTO "mk_file" VALUES(1,'00000000000000000000000000000000','models','sdxl/lora/0.safetensors',0,0,0,NULL,'36c814f8dcfdc100d6e5d0abc6fae1633e48c36039279a2d6b8434c0d32131a7',NULL);
INSERT INTO "mk_file" VALUES(2,'00000000000000000000000000000001','models','sdxl/lora/1.safetensors',1,1,1,NULL,'2e33dafbdc9ebf5f3958bf3f7f4903e3fb9c9d19100d7436b1373a4b607a3a4e',NULL);
INSERT INTO "mk_file" VALUES(3,'00000000000000000000000000000002','models','sdxl/lora/2.safetensors',2,2,2,NULL,'1c41133b8789e66c7e4bb57bba735d87a211a2989f9a9ce7e8738d3e1d11654d',NULL);
INSERT INTO "mk_file" VALUES(4,'00000000000000000000000000000003','models','sdxl/lora/3.safetensors',3,3,3,NULL,'905c8454f1bb9abae45d8213db64b70f7113caf32119157cbfd24023ec94aad5',NULL);
INSERT INTO "mk_file" VALUES(6,'00000000000000000000000000000005','models','sdxl/lora/5.safetensors',5,5,5,NULL,'baa090ec669d908cb978f7f420899594b18f06a02a4c86def68610f7ef7ed5de',NULL);
INSERT INTO "mk_file" VALUES(7,'00000000000000000000000000000006','models','sdxl/lora/6.safetensors',6,6,6,NULL,'ea37fd521f26db5f9a5c412c06a66b75b3ba11e4404435ae830ce5fcd0c130be',NULL);
INSERT INTO "mk_file" VALUES(8,'00000000000000000000000000000007','models','sdxl/lora/7.safetensors',7,7,7,NULL,'3235d70081c1d97ef3918d61515d73f69e95b457aa6aedf19ba20fbe24587b12',NULL);
INSERT INTO "mk_file" VALUES(9,'00000000000000000000000000000008','models','sdxl/lora/8.safetensors',8,8,8,NULL,'413341249c43644a1407dee7edcfae7ff1dd79a49dc765b24ce720c469e8fbc9',NULL);
INSERT INTO "mk_file" VALUES(10,'00000000000000000000000000000009','models','sdxl/lora/9.safetensors',9,9,9,NULL,'3dcc8baaacbe53b87ebfc812e06355251de46245a30eacf7f6c39418982ca88d',NULL);
INSERT INTO "mk_file" VALUES(11,'0000000000000000000000000000000a','models','sdxl/lora/10.safetensors',10,10,10,NULL,'e9c44f017b1a67d1d6b812c4f12f0c248f5c6d5ca11385cf7c4e330485987305',NULL);
INSERT INTO "mk_file" VALUES(12,'0000000000000000000000000000000b','models','sdxl/lora/11.safetensors',11,11,11,NULL,'c3336978d10a00823370c2054a1c910dad70f628c006896496db57c5e3d747c7',NULL);
INSERT INTO "mk_file" VALUES(13,'0000000000000000000000000000000c','models','sdxl/lora/12.safetensors',12,12,12,NULL,'fa051906df0cf06bc1de01c54fb927b9181bcb69854cfecfb615ccdfaa9edad2',NULL);
INSERT INTO "mk_file" VALUES(14,'0000000000000000000000000000000d','models','sdxl/lora/13.safetensors',13,13,13,NULL,'07a05849bd709c00c32ca0aa18c424a213ec921fe6c4eec4314e522b9af60ec2',NULL);
INSERT INTO "mk_file" VALUES(15,'0000000000000000000000000000000e','models','sdxl/lora/14.safetensors',14,14,14,NULL,'7572f5f59e5a52513a405299bc0d477523dfe6226b1ed9775ef48e3ce460c713',NULL);
INSERT INTO "mk_file" VALUES(16,'0000000000000000000000000000000f','models','sdxl/lora/15.safetensors',15,15,15,NULL,'94560e17b9ca9c480267691ce675181b02f7bca4ecdf40668444ff5f8a04b84d',NULL);
INSERT INTO "mk_file" VALUES(17,'00000000000000000000000000000010','models','sdxl/lora/16.safetensors',16,16,16,NULL,'473e40bbd004a06237823322cb46ce3cd6d42c7b1f513faa869bacb41d714f0e',NULL);
INSERT INTO "mk_file" VALUES(18,'00000000000000000000000000000011','models','sdxl/lora/17.safetensors',17,17,17,NULL,'6af1238065c00f3da767cd09a13137b19060af6271fb55e2934c8358b001cac6',NULL);
INSERT INTO "mk_file" VALUES(19,'00000000000000000000000000000012','models','sdxl/lora/18.safetensors',18,18,18,NULL,'3631bfec4b26fbe709fad55e862397914062b2878a6291468de192b6d5e54595',NULL);
INSERT INTO "mk_file" VALUES(20,'00000000000000000000000000000013','models','sdxl/lora/19.safetensors',19,19,19,NULL,'35b63419f7daacec05826e83740e994c90c542d1f6e73d8dcf5b835f613a65d4',NULL);
INSERT INTO "mk_file" VALUES(21,'00000000000000000000000000000014','models','sdxl/lora/20.safetensors',20,20,20,NULL,'3f96f7bdcc39821694a9eb1d3e069457c6599de2004bcf24f1bec95fbddeaff7',NULL);
INSERT INTO "mk_file" VALUES(22,'00000000000000000000000000000015','models','sdxl/lora/21.safetensors',21,21,21,NULL,'aba863e0b25c0fe032d24a70f45948ea764cb4e53e261bd6ad5f4b2d474b0898',NULL);
INSERT INTO "mk_file" VALUES(23,'00000000000000000000000000000016','models','sdxl/lora/22.safetensors',22,22,22,NULL,'bc6fb5747c41150bb8d498b15201f5d28aba6a9c6d7e8f7edb928cac0abe0edf',NULL);
INSERT INTO "mk_file" VALUES(24,'00000000000000000000000000000017','models','sdxl/lora/23.safetensors',23,23,23,NULL,'ff6b5289960ef3f2bb3736b293216c1cc9adadb43cfd641084ca1db83bcc1daf',NULL);
INSERT INTO "mk_file" VALUES(25,'00000000000000000000000000000018','models','sdxl/lora/24.safetensors',24,24,24,NULL,'b28c1ca68d5d4686a0a65ee4ea24868a299b8ab8ac39ced69877c111c699d8f4',NULL);
INSERT INTO "mk_file" VALUES(26,'00000000000000000000000000000019','models','sdxl/lora/25.safetensors',25,25,25,NULL,'f84d58a8c349e7e663697f7fa7112d777c447f61ccafc9271b03efa7c5346637',NULL);
INSERT INTO "mk_file" VALUES(27,'0000000000000000000000000000001a','models','sdxl/lora/26.safetensors',26,26,26,NULL,'fb3ec02c3173593249e68823d6a144eae6a7bf7daae4772b2d04ecafc1328e80',NULL);
INSERT INTO "mk_file" VALUES(28,'0000000000000000000000000000001b','models','sdxl/lora/27.safetensors',27,27,27,NULL,'507f294b7fc1f09db26e9a1b53353232ac1b5b422e58e76cd8b9895b40fd94d8',NULL);
INSERT INTO "mk_file" VALUES(29,'0000000000000000000000000000001c','models','sdxl/lora/28.safetensors',28,28,28,NULL,'55e38eb09ef916c5a23f4b1c2b091f5673ec8f18962e5b1a8595e8deb214cda1',NULL);
INSERT INTO "mk_file" VALUES(30,'0000000000000000000000000000001d','models','sdxl/lora/29.safetensors',29,29,29,NULL,'a6aeb8ff7633a3de26889668d6290e100ad9f010a25d2a4d20d6a31186e91d2e',NULL);
CREATE TABLE mk_metadata (
	model_key TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	PRIMARY KEY (model_key), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000000','civitai','photo v0','Zoë_ñ','{"name":"photo v0","author":"Zoë_ñ","tags":["detail","ink","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000001','huggingface','ink v1','stabilityai','{"name":"ink v1","author":"stabilityai","tags":["anime","portrait","retro"],"files":[{"url":"https://huggingface.co/stabilityai/ink%20v1/resolve/main/unet/model.safetensors","path":"ink v1/unet/model.safetensors","size":5135149760,"sha256":"e1abffa17dc7bc69298b38c422d2782f41948239224ae7a7a95f0c104a4fe691"}],"type":"huggingface","id":"stabilityai/ink v1","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000002','huggingface','photo v2','stabilityai','{"name":"photo v2","author":"stabilityai","tags":["anime","light","retro"],"files":[{"url":"https://huggingface.co/stabilityai/photo%20v2/resolve/main/unet/model.safetensors","path":"photo v2/unet/model.safetensors","size":5135149760,"sha256":"e575b0e3edcc70f7e2c1a854e793ee2ff213fc6b5276cd07b20a30269ab8971d"}],"type":"huggingface","id":"stabilityai/photo v2","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000003','civitai','light-v3','Zoë_ñ','{"name":"light-v3","author":"Zoë_ñ","tags":["landscape","portrait","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000005','basemetadata','portrait v5','me','{"name":"portrait v5","author":"me","tags":["anime","ink","photo"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000006','basemetadata','other','me','{"name":"other","author":"me","tags":["only"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000007','huggingface','retro v7','stabilityai','{"name":"retro v7","author":"stabilityai","tags":["anime","light","photo"],"files":[{"url":"https://huggingface.co/stabilityai/retro%20v7/resolve/main/unet/model.safetensors","path":"retro v7/unet/model.safetensors","size":5135149760,"sha256":"b0763ecf61a3a07a074ec2ffb5dfa85a4e4b3dc0adbec0bce70607325cc31beb"}],"type":"huggingface","id":"stabilityai/retro v7","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000008','basemetadata','ink v8','me','{"name":"ink v8","author":"me","tags":["detail","landscape","portrait"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000009','huggingface','ink_v9','stabilityai','{"name":"ink_v9","author":"stabilityai","tags":["light","photo","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/ink_v9/resolve/main/unet/model.safetensors","path":"ink_v9/unet/model.safetensors","size":5135149760,"sha256":"3fc405d886aee362fb0801dbc1dd14ef241aba3e638381176ce0d47308b5135b"}],"type":"huggingface","id":"stabilityai/ink_v9","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000a','huggingface','landscape_v10','stabilityai','{"name":"landscape_v10","author":"stabilityai","tags":["detail","light","retro"],"files":[{"url":"https://huggingface.co/stabilityai/landscape_v10/resolve/main/unet/model.safetensors","path":"landscape_v10/unet/model.safetensors","size":5135149760,"sha256":"e3aa12141bb6990d3120b5f8e349f537d45b9f313ce36bf9a4a7b0cdef0a5171"}],"type":"huggingface","id":"stabilityai/landscape_v10","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000b','civitai','anime v11','Zoë_ñ','{"name":"anime v11","author":"Zoë_ñ","tags":["light","photo","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000c','huggingface','anime-v12','stabilityai','{"name":"anime-v12","author":"stabilityai","tags":["anime","photo","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/anime-v12/resolve/main/unet/model.safetensors","path":"anime-v12/unet/model.safetensors","size":5135149760,"sha256":"d9a54be44091a256fb94f1254df48f4d3531eac74d5dd4301305116c87a18ed5"}],"type":"huggingface","id":"stabilityai/anime-v12","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000d','huggingface','portrait.v13','stabilityai','{"name":"portrait.v13","author":"stabilityai","tags":["anime","ink","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/portrait.v13/resolve/main/unet/model.safetensors","path":"portrait.v13/unet/model.safetensors","size":5135149760,"sha256":"99b094613ab73109dd33bce5ad8ad96858d1a4e2e8bb4a26bfc34f329468eea5"}],"type":"huggingface","id":"stabilityai/portrait.v13","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000e','huggingface','anime v14','stabilityai','{"name":"anime v14","author":"stabilityai","tags":["anime","portrait","retro"],"files":[{"url":"https://huggingface.co/stabilityai/anime%20v14/resolve/main/unet/model.safetensors","path":"anime v14/unet/model.safetensors","size":5135149760,"sha256":"d0a7f8cf9d33d46d8682e815ca5b46440c6aa0215f20fec0045b63a78a23795f"}],"type":"huggingface","id":"stabilityai/anime v14","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000f','huggingface','ink-v15','stabilityai','{"name":"ink-v15","author":"stabilityai","tags":["light","photo","retro"],"files":[{"url":"https://huggingface.co/stabilityai/ink-v15/resolve/main/unet/model.safetensors","path":"ink-v15/unet/model.safetensors","size":5135149760,"sha256":"24408071472f42f7a33aecde45a4ac3dc6c00bf71d6a949157a8f52356015843"}],"type":"huggingface","id":"stabilityai/ink-v15","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000010','basemetadata','anime_v16','me','{"name":"anime_v16","author":"me","tags":["anime","photo","portrait"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000011','basemetadata','photo-v17','me','{"name":"photo-v17","author":"me","tags":["detail","light","photo"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000012','civitai','portrait_v18','Zoë_ñ','{"name":"portrait_v18","author":"Zoë_ñ","tags":["detail","landscape","photo"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000013','huggingface','landscape_v19','stabilityai','{"name":"landscape_v19","author":"stabilityai","tags":["detail","landscape","retro"],"files":[{"url":"https://huggingface.co/stabilityai/landscape_v19/resolve/main/unet/model.safetensors","path":"landscape_v19/unet/model.safetensors","size":5135149760,"sha256":"8f4a2b10c862897e1709fb005503e090ae899090cecb15358eab1b919c693574"}],"type":"huggingface","id":"stabilityai/landscape_v19","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000014','huggingface','anime_v20','stabilityai','{"name":"anime_v20","author":"stabilityai","tags":["landscape","light","photo"],"files":[{"url":"https://huggingface.co/stabilityai/anime_v20/resolve/main/unet/model.safetensors","path":"anime_v20/unet/model.safetensors","size":5135149760,"sha256":"7970e47bbb01a0c82127d3245482bcbd3d74d61f6c76194346df5740279744d4"}],"type":"huggingface","id":"stabilityai/anime_v20","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000015','basemetadata','anime.v21','me','{"name":"anime.v21","author":"me","tags":["anime","ink","landscape"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000016','civitai','portrait_v22','Zoë_ñ','{"name":"portrait_v22","author":"Zoë_ñ","tags":["anime","light","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000017','civitai','photo_v23','Zoë_ñ','{"name":"photo_v23","author":"Zoë_ñ","tags":["anime","photo","portrait"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000018','civitai','retro.v24','Zoë_ñ','{"name":"retro.v24","author":"Zoë_ñ","tags":["anime","detail","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000019','huggingface','light.v25','stabilityai','{"name":"light.v25","author":"stabilityai","tags":["ink","light","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/light.v25/resolve/main/unet/model.safetensors","path":"light.v25/unet/model.safetensors","size":5135149760,"sha256":"3d772675c57a9416ba1d742672ed4c5a54856bfe2a034114c576d0a37c0eda6c"}],"type":"huggingface","id":"stabilityai/light.v25","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001a','huggingface','retro v26','stabilityai','{"name":"retro v26","author":"stabilityai","tags":["anime","ink","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/retro%20v26/resolve/main/unet/model.safetensors","path":"retro v26/unet/model.safetensors","size":5135149760,"sha256":"1402116fa6e89044e7092d902c30677ed187ac8096d23e89a2dc6ff36d8472e6"}],"type":"huggingface","id":"stabilityai/retro v26","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001b','civitai','detail-v27','Zoë_ñ','{"name":"detail-v27","author":"Zoë_ñ","tags":["detail","ink","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001c','huggingface','portrait_v28','stabilityai','{"name":"portrait_v28","author":"stabilityai","tags":["anime","landscape","light"],"files":[{"url":"https://huggingface.co/stabilityai/portrait_v28/resolve/main/unet/model.safetensors","path":"portrait_v28/unet/model.safetensors","size":5135149760,"sha256":"972c56620549162c6b64e5a2792cae55f54357b9a3750ec422aebb42c7af8f19"}],"type":"huggingface","id":"stabilityai/portrait_v28","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001d','basemetadata','photo.v29','me','{"name":"photo.v29","author":"me","tags":["ink","photo","portrait"],"type":"basemetadata"}');
CREATE TABLE mk_model (
	"key" TEXT NOT NULL, 
	name TEXT NOT NULL, 
	sort_name TEXT NOT NULL, 
	type TEXT NOT NULL, 
	base TEXT NOT NULL, 
	format TEXT NOT NULL, 
	path TEXT NOT NULL, 
	original_hash TEXT, 
	current_hash TEXT, 
	size INTEGER, 
	description TEXT, 
	source TEXT, 
	words TEXT NOT NULL, 
	created_at FLOAT NOT NULL, 
	updated_at FLOAT NOT NULL, 
	config TEXT NOT NULL, 
	PRIMARY KEY ("key"), 
	UNIQUE (path)
);
INSERT INTO "mk_model" VALUES('00000000000000000000000000000000','photo v0','photo v0','lora','sdxl','lycoris','sdxl/lora/0.safetensors',NULL,NULL,0,NULL,'owner/repo-0','photo v0
owner/repo-0',1.79547756550755977628e+09,1.79547756550755977628e+09,'{"key":"00000000000000000000000000000000","name":"photo v0","path":"sdxl/lora/0.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-0","size":0,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000001','ink v1','ink v1','lora','sdxl','lycoris','sdxl/lora/1.safetensors',NULL,NULL,1,'landscape photo retro ink','owner/repo-1','ink v1
landscape photo retro ink
owner/repo-1',1.79547756551363754274e+09,1.79547756551363754274e+09,'{"key":"00000000000000000000000000000001","name":"ink v1","path":"sdxl/lora/1.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"landscape photo retro ink","source":"owner/repo-1","size":1,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000002','photo v2','photo v2','lora','sdxl','lycoris','sdxl/lora/2.safetensors',NULL,NULL,2,NULL,'owner/repo-2','photo v2
owner/repo-2',1.79547756551801061634e+09,1.79547756551801061634e+09,'{"key":"00000000000000000000000000000002","name":"photo v2","path":"sdxl/lora/2.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-2","size":2,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000003','renamed','renamed','lora','sdxl','lycoris','sdxl/lora/3.safetensors',NULL,NULL,3,'detail landscape anime photo','owner/repo-3','renamed
detail landscape anime photo
owner/repo-3',1.79547756552221608166e+09,1.79547756564056754111e+09,'{"key":"00000000000000000000000000000003","name":"renamed","path":"sdxl/lora/3.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"detail landscape anime photo","source":"owner/repo-3","size":3,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000005','portrait v5','portrait v5','main','sdxl','checkpoint','sdxl/lora/5.safetensors',NULL,NULL,5,'ink photo photo ink','owner/repo-5','portrait v5
ink photo photo ink
owner/repo-5',1.79547756553083658224e+09,1.79547756564471840861e+09,'{"key":"00000000000000000000000000000005","name":"portrait v5","path":"sdxl/lora/5.safetensors","type":"main","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":"ink photo photo ink","source":"owner/repo-5","size":5,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null,"vae":null,"variant":"normal","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000006','detail-v6','detail-v6','lora','sdxl','lycoris','sdxl/lora/6.safetensors',NULL,NULL,6,NULL,'owner/repo-6','detail-v6
owner/repo-6',1.7954775655348763466e+09,1.7954775655348763466e+09,'{"key":"00000000000000000000000000000006","name":"detail-v6","path":"sdxl/lora/6.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-6","size":6,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000007','retro v7','retro v7','lora','sdxl','lycoris','sdxl/lora/7.safetensors',NULL,NULL,7,'anime retro retro portrait','owner/repo-7','retro v7
anime retro retro portrait
owner/repo-7',1.79547756553886175149e+09,1.79547756553886175149e+09,'{"key":"00000000000000000000000000000007","name":"retro v7","path":"sdxl/lora/7.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"anime retro retro portrait","source":"owner/repo-7","size":7,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000008','ink v8','ink v8','lora','sdxl','lycoris','sdxl/lora/8.safetensors',NULL,NULL,8,NULL,'owner/repo-8','ink v8
owner/repo-8',1.79547756554304718977e+09,1.79547756554304718977e+09,'{"key":"00000000000000000000000000000008","name":"ink v8","path":"sdxl/lora/8.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-8","size":8,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000009','ink_v9','ink_v9','lora','sdxl','lycoris','sdxl/lora/9.safetensors',NULL,NULL,9,'light anime detail portrait','owner/repo-9','ink_v9
light anime detail portrait
owner/repo-9',1.79547756554710888866e+09,1.79547756554710888866e+09,'{"key":"00000000000000000000000000000009","name":"ink_v9","path":"sdxl/lora/9.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"light anime detail portrait","source":"owner/repo-9","size":9,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000a','landscape_v10','landscape_v10','lora','sdxl','lycoris','sdxl/lora/10.safetensors',NULL,NULL,10,NULL,'owner/repo-10','landscape_v10
owner/repo-10',1.79547756555153775219e+09,1.79547756555153775219e+09,'{"key":"0000000000000000000000000000000a","name":"landscape_v10","path":"sdxl/lora/10.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-10","size":10,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000b','anime v11','anime v11','lora','sdxl','lycoris','sdxl/lora/11.safetensors',NULL,NULL,11,'light retro light photo','owner/repo-11','anime v11
light retro light photo
owner/repo-11',1.79547756555572867397e+09,1.79547756555572867397e+09,'{"key":"0000000000000000000000000000000b","name":"anime v11","path":"sdxl/lora/11.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"light retro light photo","source":"owner/repo-11","size":11,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000c','anime-v12','anime-v12','lora','sdxl','lycoris','sdxl/lora/12.safetensors',NULL,NULL,12,NULL,'owner/repo-12','anime-v12
owner/repo-12',1.79547756555997729301e+09,1.79547756555997729301e+09,'{"key":"0000000000000000000000000000000c","name":"anime-v12","path":"sdxl/lora/12.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-12","size":12,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000d','portrait.v13','portrait.v13','lora','sdxl','lycoris','sdxl/lora/13.safetensors',NULL,NULL,13,'portrait detail landscape detail','owner/repo-13','portrait.v13
portrait detail landscape detail
owner/repo-13',1.79547756556451582913e+09,1.79547756556451582913e+09,'{"key":"0000000000000000000000000000000d","name":"portrait.v13","path":"sdxl/lora/13.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"portrait detail landscape detail","source":"owner/repo-13","size":13,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000e','anime v14','anime v14','lora','sdxl','lycoris','sdxl/lora/14.safetensors',NULL,NULL,14,NULL,'owner/repo-14','anime v14
owner/repo-14',1.79547756556852078435e+09,1.79547756556852078435e+09,'{"key":"0000000000000000000000000000000e","name":"anime v14","path":"sdxl/lora/14.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-14","size":14,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000f','ink-v15','ink-v15','lora','sdxl','lycoris','sdxl/lora/15.safetensors',NULL,NULL,15,'portrait light retro ink','owner/repo-15','ink-v15
portrait light retro ink
owner/repo-15',1795477565.57264,1795477565.57264,'{"key":"0000000000000000000000000000000f","name":"ink-v15","path":"sdxl/lora/15.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"portrait light retro ink","source":"owner/repo-15","size":15,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000010','anime_v16','anime_v16','lora','sdxl','lycoris','sdxl/lora/16.safetensors',NULL,NULL,16,NULL,'owner/repo-16','anime_v16
owner/repo-16',1.79547756557665419583e+09,1.79547756557665419583e+09,'{"key":"00000000000000000000000000000010","name":"anime_v16","path":"sdxl/lora/16.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-16","size":16,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000011','photo-v17','photo-v17','lora','sdxl','lycoris','sdxl/lora/17.safetensors',NULL,NULL,17,'light light photo anime','owner/repo-17','photo-v17
light light photo anime
owner/repo-17',1.79547756558054494857e+09,1.79547756558054494857e+09,'{"key":"00000000000000000000000000000011","name":"photo-v17","path":"sdxl/lora/17.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"light light photo anime","source":"owner/repo-17","size":17,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000012','portrait_v18','portrait_v18','lora','sdxl','lycoris','sdxl/lora/18.safetensors',NULL,NULL,18,NULL,'owner/repo-18','portrait_v18
owner/repo-18',1.79547756558448624612e+09,1.79547756558448624612e+09,'{"key":"00000000000000000000000000000012","name":"portrait_v18","path":"sdxl/lora/18.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-18","size":18,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000013','landscape_v19','landscape_v19','lora','sdxl','lycoris','sdxl/lora/19.safetensors',NULL,NULL,19,'ink anime portrait light','owner/repo-19','landscape_v19
ink anime portrait light
owner/repo-19',1.7954775655886251926e+09,1.7954775655886251926e+09,'{"key":"00000000000000000000000000000013","name":"landscape_v19","path":"sdxl/lora/19.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"ink anime portrait light","source":"owner/repo-19","size":19,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000014','anime_v20','anime_v20','lora','sdxl','lycoris','sdxl/lora/20.safetensors',NULL,NULL,20,NULL,'owner/repo-20','anime_v20
owner/repo-20',1795477565.59268,1795477565.59268,'{"key":"00000000000000000000000000000014","name":"anime_v20","path":"sdxl/lora/20.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-20","size":20,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000015','anime.v21','anime.v21','lora','sdxl','lycoris','sdxl/lora/21.safetensors',NULL,NULL,21,'detail ink portrait landscape','owner/repo-21','anime.v21
detail ink portrait landscape
owner/repo-21',1.79547756559681463239e+09,1.79547756559681463239e+09,'{"key":"00000000000000000000000000000015","name":"anime.v21","path":"sdxl/lora/21.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"detail ink portrait landscape","source":"owner/repo-21","size":21,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000016','portrait_v22','portrait_v22','lora','sdxl','lycoris','sdxl/lora/22.safetensors',NULL,NULL,22,NULL,'owner/repo-22','portrait_v22
owner/repo-22',1.79547756560098743438e+09,1.79547756560098743438e+09,'{"key":"00000000000000000000000000000016","name":"portrait_v22","path":"sdxl/lora/22.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-22","size":22,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000017','photo_v23','photo_v23','lora','sdxl','lycoris','sdxl/lora/23.safetensors',NULL,NULL,23,'detail light detail light','owner/repo-23','photo_v23
detail light detail light
owner/repo-23',1.79547756560531759266e+09,1.79547756560531759266e+09,'{"key":"00000000000000000000000000000017","name":"photo_v23","path":"sdxl/lora/23.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"detail light detail light","source":"owner/repo-23","size":23,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000018','retro.v24','retro.v24','lora','sdxl','lycoris','sdxl/lora/24.safetensors',NULL,NULL,24,NULL,'owner/repo-24','retro.v24
owner/repo-24',1.79547756561134099961e+09,1.79547756561134099961e+09,'{"key":"00000000000000000000000000000018","name":"retro.v24","path":"sdxl/lora/24.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-24","size":24,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000019','light.v25','light.v25','lora','sdxl','lycoris','sdxl/lora/25.safetensors',NULL,NULL,25,'detail landscape retro landscape','owner/repo-25','light.v25
detail landscape retro landscape
owner/repo-25',1.795477565616541624e+09,1.795477565616541624e+09,'{"key":"00000000000000000000000000000019","name":"light.v25","path":"sdxl/lora/25.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"detail landscape retro landscape","source":"owner/repo-25","size":25,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001a','retro v26','retro v26','lora','sdxl','lycoris','sdxl/lora/26.safetensors',NULL,NULL,26,NULL,'owner/repo-26','retro v26
owner/repo-26',1.79547756562299132341e+09,1.79547756562299132341e+09,'{"key":"0000000000000000000000000000001a","name":"retro v26","path":"sdxl/lora/26.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-26","size":26,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001b','detail-v27','detail-v27','lora','sdxl','lycoris','sdxl/lora/27.safetensors',NULL,NULL,27,'ink detail photo photo','owner/repo-27','detail-v27
ink detail photo photo
owner/repo-27',1.79547756562734889991e+09,1.79547756562734889991e+09,'{"key":"0000000000000000000000000000001b","name":"detail-v27","path":"sdxl/lora/27.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"ink detail photo photo","source":"owner/repo-27","size":27,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001c','portrait_v28','portrait_v28','lora','sdxl','lycoris','sdxl/lora/28.safetensors',NULL,NULL,28,NULL,'owner/repo-28','portrait_v28
owner/repo-28',1.79547756563148212436e+09,1.79547756563148212436e+09,'{"key":"0000000000000000000000000000001c","name":"portrait_v28","path":"sdxl/lora/28.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-28","size":28,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001d','photo.v29','photo.v29','lora','sdxl','lycoris','sdxl/lora/29.safetensors',NULL,NULL,29,'retro landscape landscape landscape','owner/repo-29','photo.v29
retro landscape landscape landscape
owner/repo-29',1.79547756563597202305e+09,1.79547756563597202305e+09,'{"key":"0000000000000000000000000000001d","name":"photo.v29","path":"sdxl/lora/29.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"retro landscape landscape landscape","source":"owner/repo-29","size":29,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('twin-a','twin','twin','vae','sdxl','checkpoint','a/t',NULL,NULL,NULL,NULL,NULL,'twin',1.79547756564824390413e+09,1.79547756564824390413e+09,'{"key":"twin-a","name":"twin","path":"a/t","type":"vae","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null}');
INSERT INTO "mk_model" VALUES('twin-b','twin','twin','vae','sdxl','checkpoint','b/t',NULL,NULL,NULL,NULL,NULL,'twin',1.79547756564991927144e+09,1.79547756564991927144e+09,'{"key":"twin-b","name":"twin","path":"b/t","type":"vae","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null}');
CREATE TABLE mk_model_tag (
	model_key TEXT NOT NULL, 
	tag_id INTEGER NOT NULL, 
	PRIMARY KEY (model_key, tag_id), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE, 
	FOREIGN KEY(tag_id) REFERENCES mk_tag (id) ON DELETE CASCADE
);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000000',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000000',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000000',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',7);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000006',9);
CREATE TABLE mk_schema (
	version INTEGER NOT NULL, 
	written_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL
);
INSERT INTO "mk_schema" VALUES(1,'modelkeep 0.1.0',1.79547756550602865223e+09);
CREATE TABLE mk_tag (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
INSERT INTO "mk_tag" VALUES(1,'detail');
INSERT INTO "mk_tag" VALUES(2,'ink');
INSERT INTO "mk_tag" VALUES(3,'light');
INSERT INTO "mk_tag" VALUES(4,'anime');
INSERT INTO "mk_tag" VALUES(5,'portrait');
INSERT INTO "mk_tag" VALUES(6,'retro');
INSERT INTO "mk_tag" VALUES(7,'landscape');
INSERT INTO "mk_tag" VALUES(8,'photo');
INSERT INTO "mk_tag" VALUES(9,'only');
CREATE TABLE models (id INTEGER PRIMARY KEY, name TEXT NOT NULL, path BLOB);
INSERT INTO "models" VALUES(1,'theirs',X'00FF');
CREATE TABLE tags (tag TEXT);
INSERT INTO "tags" VALUES('theirs');
CREATE INDEX ix_models ON models (name);
CREATE VIEW recent AS SELECT * FROM models;
CREATE TRIGGER noted AFTER INSERT ON models BEGIN INSERT INTO tags VALUES (new.name); END;
CREATE INDEX ix_mk_model_base ON mk_model (base);
CREATE INDEX ix_mk_model_created_at ON mk_model (created_at);
CREATE INDEX ix_mk_model_current_hash ON mk_model (current_hash);
CREATE INDEX ix_mk_model_default_order ON mk_model (type, base, format, sort_name);
CREATE INDEX ix_mk_model_format ON mk_model (format);
CREATE INDEX ix_mk_model_name ON mk_model (name);
CREATE INDEX ix_mk_model_original_hash ON mk_model (original_hash);
CREATE INDEX ix_mk_model_size ON mk_model (size);
CREATE INDEX ix_mk_model_sort_name ON mk_model (sort_name);
CREATE INDEX ix_mk_model_source ON mk_model (source);
CREATE INDEX ix_mk_file_blake3 ON mk_file (blake3);
CREATE INDEX ix_mk_file_model_key ON mk_file (model_key);
CREATE INDEX ix_mk_file_sha256 ON mk_file (sha256);
CREATE INDEX ix_mk_file_size ON mk_file (size);
CREATE INDEX ix_mk_metadata_author ON mk_metadata (author);
CREATE INDEX ix_mk_metadata_name ON mk_metadata (name);
CREATE INDEX ix_mk_model_tag_tag_id ON mk_model_tag (tag_id);
COMMIT;
