PRAGMA application_id = 1835754594;
PRAGMA user_version = 1;
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
INSERT INTO "mk_file" VALUES(1,'00000000000000000000000000000000','models','sdxl/lora/0.safetensors',0,0,0,NULL,'adb45426cdb6de2e7110519c5de86e2fc0b9f769da8053cdea1543298cd93511',NULL);
INSERT INTO "mk_file" VALUES(2,'00000000000000000000000000000001','models','sdxl/lora/1.safetensors',1,1,1,NULL,'74180666ce90e2e0b819ac9fb6a3632252528d0249f5816e4c7768177ea28750',NULL);
INSERT INTO "mk_file" VALUES(3,'00000000000000000000000000000002','models','sdxl/lora/2.safetensors',2,2,2,NULL,'5f326323510282b2460c734bc117af26bbed92911ae39fa1c8f18dadd8ff7e81',NULL);
INSERT INTO "mk_file" VALUES(4,'00000000000000000000000000000003','models','sdxl/lora/3.safetensors',3,3,3,NULL,'93f3c8041ffbaea75b6073572e82d215bbe8be9273fbfeaa4dc5330988755717',NULL);
INSERT INTO "mk_file" VALUES(6,'00000000000000000000000000000005','models','sdxl/lora/5.safetensors',5,5,5,NULL,'ef312a3ca278304a2ddc5055afde37eef5331f9d273090b4128d42592b60c9cb',NULL);
INSERT INTO "mk_file" VALUES(7,'00000000000000000000000000000006','models','sdxl/lora/6.safetensors',6,6,6,NULL,'f063b697a9e939fef710c192a76e0237aa207bbd5c97372e08234065b2363310',NULL);
INSERT INTO "mk_file" VALUES(8,'00000000000000000000000000000007','models','sdxl/lora/7.safetensors',7,7,7,NULL,'c6cf1c0085104f6d83255e78cc9ef04ce46ac8e3af5342ef6848959e646ff5eb',NULL);
INSERT INTO "mk_file" VALUES(9,'00000000000000000000000000000008','models','sdxl/lora/8.safetensors',8,8,8,NULL,'10f0f0266501548dab8a0a411f7b381cd9c205471a5c84d113855a29fc1b18c0',NULL);
INSERT INTO "mk_file" VALUES(10,'00000000000000000000000000000009','models','sdxl/lora/9.safetensors',9,9,9,NULL,'581b27abbcae0453cb92854ad25e3174e1c3a9ac224c6d3d0546b3bae2725cfe',NULL);
INSERT INTO "mk_file" VALUES(11,'0000000000000000000000000000000a','models','sdxl/lora/10.safetensors',10,10,10,NULL,'7d5e0ea81c22051426d2199edd92ac664e6763e930773df9fa1aebb40db13f5d',NULL);
INSERT INTO "mk_file" VALUES(12,'0000000000000000000000000000000b','models','sdxl/lora/11.safetensors',11,11,11,NULL,'331af72c296814ac3ee17135316ac3f08c693e0b5ef957a55e81d29bd8f13e6e',NULL);
INSERT INTO "mk_file" VALUES(13,'0000000000000000000000000000000c','models','sdxl/lora/12.safetensors',12,12,12,NULL,'f4cc7dc760766baea5d200691339752bc0bb810b345c84084f02658cf6d6e5d5',NULL);
INSERT INTO "mk_file" VALUES(14,'0000000000000000000000000000000d','models','sdxl/lora/13.safetensors',13,13,13,NULL,'aba1533e4849eda46fccea0ccfc9567f2db1b665088e13c8c740650f9d3e430c',NULL);
INSERT INTO "mk_file" VALUES(15,'0000000000000000000000000000000e','models','sdxl/lora/14.safetensors',14,14,14,NULL,'53df03882849d53baf99981520904bed92f55a5015cf71cace9aa41b38c83916',NULL);
INSERT INTO "mk_file" VALUES(16,'0000000000000000000000000000000f','models','sdxl/lora/15.safetensors',15,15,15,NULL,'6b84b6858d8106a03207fb210f74c3b9029429031648bae9deec94c1b497bf4e',NULL);
INSERT INTO "mk_file" VALUES(17,'00000000000000000000000000000010','models','sdxl/lora/16.safetensors',16,16,16,NULL,'85b8cc4f947fb47bd9396f164fe4a7c7e054bcc5587b7343faaac6d16da21067',NULL);
INSERT INTO "mk_file" VALUES(18,'00000000000000000000000000000011','models','sdxl/lora/17.safetensors',17,17,17,NULL,'f37e38490cfcf5e113e9ae5f2316b2e260533919506a66128effaa6b7621fbc4',NULL);
INSERT INTO "mk_file" VALUES(19,'00000000000000000000000000000012','models','sdxl/lora/18.safetensors',18,18,18,NULL,'838cba2488d919d1faf804b0fa21cca760ea05c8a3736bf48f73ca04ff875fba',NULL);
INSERT INTO "mk_file" VALUES(20,'00000000000000000000000000000013','models','sdxl/lora/19.safetensors',19,19,19,NULL,'7b23be52deea1749c290b608a4124310bf0eda8a159887c300752cbd854ca68e',NULL);
INSERT INTO "mk_file" VALUES(21,'00000000000000000000000000000014','models','sdxl/lora/20.safetensors',20,20,20,NULL,'7cc09a6f58bb1bdce54c1742a51000f349d292f35a25ac9c40714104ba2e293b',NULL);
INSERT INTO "mk_file" VALUES(22,'00000000000000000000000000000015','models','sdxl/lora/21.safetensors',21,21,21,NULL,'b4bca1fbdc6265189620a644cd8bc287aed31d9b9676d32b58e56ca11e7d9db5',NULL);
INSERT INTO "mk_file" VALUES(23,'00000000000000000000000000000016','models','sdxl/lora/22.safetensors',22,22,22,NULL,'13425f5529d12b5195ea217249e33cea615e713a5fe80376e352a298c7bf246f',NULL);
INSERT INTO "mk_file" VALUES(24,'00000000000000000000000000000017','models','sdxl/lora/23.safetensors',23,23,23,NULL,'758d616bf6ce7cafd945640dab7922359bdc5efafd07470061356a08d75eb2e8',NULL);
INSERT INTO "mk_file" VALUES(25,'00000000000000000000000000000018','models','sdxl/lora/24.safetensors',24,24,24,NULL,'c127d576dfdb3237a0278a332e67ec466f635bd2b1fc7e331b41a04d1f94fb8f',NULL);
INSERT INTO "mk_file" VALUES(26,'00000000000000000000000000000019','models','sdxl/lora/25.safetensors',25,25,25,NULL,'db88e30f845a3f9e8b758f7ec1969e66396f635975329f24424190247ceae8d4',NULL);
INSERT INTO "mk_file" VALUES(27,'0000000000000000000000000000001a','models','sdxl/lora/26.safetensors',26,26,26,NULL,'e736a165edb745193c7fecc0eea5bab7f1f60c489b4e72e6df68beeb9c700633',NULL);
INSERT INTO "mk_file" VALUES(28,'0000000000000000000000000000001b','models','sdxl/lora/27.safetensors',27,27,27,NULL,'f9eb365173c88cad2eb4ec063ec4389c354de44f66ba7a832e9701626bb84d80',NULL);
INSERT INTO "mk_file" VALUES(29,'0000000000000000000000000000001c','models','sdxl/lora/28.safetensors',28,28,28,NULL,'6fd653f5c346f397660c2905ae33f1ada8241cc53a70af85d805f0342282bf48',NULL);
INSERT INTO "mk_file" VALUES(30,'0000000000000000000000000000001d','models','sdxl/lora/29.safetensors',29,29,29,NULL,'1dbaac092a65dec020dd9c16524181abd15f3bf64a20f8f4d697f34cecc5abe5',NULL);
CREATE TABLE mk_metadata (
	model_key TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	PRIMARY KEY (model_key), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000000','civitai','light v0','Zoë_ñ','{"name":"light v0","author":"Zoë_ñ","tags":["anime","detail","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000001','civitai','portrait v1','Zoë_ñ','{"name":"portrait v1","author":"Zoë_ñ","tags":["detail","landscape","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000002','huggingface','ink_v2','stabilityai','{"name":"ink_v2","author":"stabilityai","tags":["anime","detail","landscape"],"files":[{"url":"https://huggingface.co/stabilityai/ink_v2/resolve/main/unet/model.safetensors","path":"ink_v2/unet/model.safetensors","size":5135149760,"sha256":"b5973a8de665523cc99c124110cb25d590eb25c07dab8f489ed459844d59a0f9"}],"type":"huggingface","id":"stabilityai/ink_v2","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000003','basemetadata','landscape-v3','me','{"name":"landscape-v3","author":"me","tags":["detail","portrait","retro"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000005','huggingface','portrait v5','stabilityai','{"name":"portrait v5","author":"stabilityai","tags":["ink","photo","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/portrait%20v5/resolve/main/unet/model.safetensors","path":"portrait v5/unet/model.safetensors","size":5135149760,"sha256":"e700c3d4405bba5b6819dca5caedc04bb2ebf3cdd28c9fa11cf1f26e374e14f6"}],"type":"huggingface","id":"stabilityai/portrait v5","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000006','basemetadata','other','me','{"name":"other","author":"me","tags":["only"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000007','huggingface','detail-v7','stabilityai','{"name":"detail-v7","author":"stabilityai","tags":["detail","ink","photo"],"files":[{"url":"https://huggingface.co/stabilityai/detail-v7/resolve/main/unet/model.safetensors","path":"detail-v7/unet/model.safetensors","size":5135149760,"sha256":"521d8919c7d20c31b4aa982744b742a7aee9b628be8939121905e85f1a307bde"}],"type":"huggingface","id":"stabilityai/detail-v7","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000008','huggingface','photo v8','stabilityai','{"name":"photo v8","author":"stabilityai","tags":["anime","detail","retro"],"files":[{"url":"https://huggingface.co/stabilityai/photo%20v8/resolve/main/unet/model.safetensors","path":"photo v8/unet/model.safetensors","size":5135149760,"sha256":"8dbb77e550693708b6f12358eb54adec7ff582c050b0745efda0e9507ef81cf0"}],"type":"huggingface","id":"stabilityai/photo v8","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000009','basemetadata','anime_v9','me','{"name":"anime_v9","author":"me","tags":["anime","ink","portrait"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000a','civitai','anime-v10','Zoë_ñ','{"name":"anime-v10","author":"Zoë_ñ","tags":["detail","light","portrait"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000b','civitai','ink.v11','Zoë_ñ','{"name":"ink.v11","author":"Zoë_ñ","tags":["anime","detail","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000c','civitai','anime v12','Zoë_ñ','{"name":"anime v12","author":"Zoë_ñ","tags":["anime","ink","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000d','huggingface','portrait-v13','stabilityai','{"name":"portrait-v13","author":"stabilityai","tags":["detail","landscape","photo"],"files":[{"url":"https://huggingface.co/stabilityai/portrait-v13/resolve/main/unet/model.safetensors","path":"portrait-v13/unet/model.safetensors","size":5135149760,"sha256":"b762f7a373b2240d618705e0b473a009de173cf34065bcf88b91ca311d45ec2d"}],"type":"huggingface","id":"stabilityai/portrait-v13","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000e','civitai','photo-v14','Zoë_ñ','{"name":"photo-v14","author":"Zoë_ñ","tags":["anime","landscape","light"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000000f','civitai','detail_v15','Zoë_ñ','{"name":"detail_v15","author":"Zoë_ñ","tags":["photo","portrait","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000010','huggingface','portrait-v16','stabilityai','{"name":"portrait-v16","author":"stabilityai","tags":["landscape","light","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/portrait-v16/resolve/main/unet/model.safetensors","path":"portrait-v16/unet/model.safetensors","size":5135149760,"sha256":"6ff7fc143d6bbb78cb75ae3e6efe79b2e24d961516c17ecc7b03bc6d66c0bff7"}],"type":"huggingface","id":"stabilityai/portrait-v16","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000011','huggingface','detail.v17','stabilityai','{"name":"detail.v17","author":"stabilityai","tags":["light","photo","retro"],"files":[{"url":"https://huggingface.co/stabilityai/detail.v17/resolve/main/unet/model.safetensors","path":"detail.v17/unet/model.safetensors","size":5135149760,"sha256":"70ef0400322766e54f54314941f972a71cbfb8f0efec7cc26dd1ac217a6f2193"}],"type":"huggingface","id":"stabilityai/detail.v17","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000012','basemetadata','anime v18','me','{"name":"anime v18","author":"me","tags":["anime","landscape","photo"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000013','basemetadata','photo-v19','me','{"name":"photo-v19","author":"me","tags":["anime","photo","retro"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000014','civitai','landscape.v20','Zoë_ñ','{"name":"landscape.v20","author":"Zoë_ñ","tags":["landscape","photo","portrait"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000015','basemetadata','detail.v21','me','{"name":"detail.v21","author":"me","tags":["detail","photo","retro"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000016','basemetadata','photo_v22','me','{"name":"photo_v22","author":"me","tags":["anime","ink","retro"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000017','civitai','landscape v23','Zoë_ñ','{"name":"landscape v23","author":"Zoë_ñ","tags":["detail","ink","retro"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000018','civitai','ink v24','Zoë_ñ','{"name":"ink v24","author":"Zoë_ñ","tags":["ink","photo","portrait"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('00000000000000000000000000000019','basemetadata','ink.v25','me','{"name":"ink.v25","author":"me","tags":["anime","detail","retro"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001a','huggingface','portrait-v26','stabilityai','{"name":"portrait-v26","author":"stabilityai","tags":["detail","ink","retro"],"files":[{"url":"https://huggingface.co/stabilityai/portrait-v26/resolve/main/unet/model.safetensors","path":"portrait-v26/unet/model.safetensors","size":5135149760,"sha256":"4164f5dcb9d8a48808b4839fecb252176017e5ccc579f0321c115e6030a54cb0"}],"type":"huggingface","id":"stabilityai/portrait-v26","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001b','huggingface','anime_v27','stabilityai','{"name":"anime_v27","author":"stabilityai","tags":["detail","light","photo"],"files":[{"url":"https://huggingface.co/stabilityai/anime_v27/resolve/main/unet/model.safetensors","path":"anime_v27/unet/model.safetensors","size":5135149760,"sha256":"d4f283ecfba34cef71c25bb14ff9b58e11a490ab5553a60f4f626689d53e8925"}],"type":"huggingface","id":"stabilityai/anime_v27","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001c','huggingface','photo.v28','stabilityai','{"name":"photo.v28","author":"stabilityai","tags":["anime","photo","portrait"],"files":[{"url":"https://huggingface.co/stabilityai/photo.v28/resolve/main/unet/model.safetensors","path":"photo.v28/unet/model.safetensors","size":5135149760,"sha256":"4ca113c6ff1a1a5b81cc559ce7d8949458d2e8dce6f975c281a5e3f01ddbe6b6"}],"type":"huggingface","id":"stabilityai/photo.v28","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('0000000000000000000000000000001d','huggingface','photo.v29','stabilityai','{"name":"photo.v29","author":"stabilityai","tags":["detail","light","retro"],"files":[{"url":"https://huggingface.co/stabilityai/photo.v29/resolve/main/unet/model.safetensors","path":"photo.v29/unet/model.safetensors","size":5135149760,"sha256":"d84b891779d368e53c32fe1e69b7343dfd9a8a5774a183f9096522c9e2d8408b"}],"type":"huggingface","id":"stabilityai/photo.v29","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
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
INSERT INTO "mk_model" VALUES('00000000000000000000000000000000','light v0','light v0','lora','sdxl','lycoris','sdxl/lora/0.safetensors',NULL,NULL,0,NULL,'owner/repo-0','light v0
owner/repo-0',1.79547756531402540212e+09,1.79547756531402540212e+09,'{"key":"00000000000000000000000000000000","name":"light v0","path":"sdxl/lora/0.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-0","size":0,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000001','portrait v1','portrait v1','lora','sdxl','lycoris','sdxl/lora/1.safetensors',NULL,NULL,1,'ink landscape light anime','owner/repo-1','portrait v1
ink landscape light anime
owner/repo-1',1.79547756531940197943e+09,1.79547756531940197943e+09,'{"key":"00000000000000000000000000000001","name":"portrait v1","path":"sdxl/lora/1.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"ink landscape light anime","source":"owner/repo-1","size":1,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000002','ink_v2','ink_v2','lora','sdxl','lycoris','sdxl/lora/2.safetensors',NULL,NULL,2,NULL,'owner/repo-2','ink_v2
owner/repo-2',1.79547756532290172571e+09,1.79547756532290172571e+09,'{"key":"00000000000000000000000000000002","name":"ink_v2","path":"sdxl/lora/2.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-2","size":2,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000003','renamed','renamed','lora','sdxl','lycoris','sdxl/lora/3.safetensors',NULL,NULL,3,'photo detail detail portrait','owner/repo-3','renamed
photo detail detail portrait
owner/repo-3',1.79547756532624816893e+09,1.79547756540475082396e+09,'{"key":"00000000000000000000000000000003","name":"renamed","path":"sdxl/lora/3.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"photo detail detail portrait","source":"owner/repo-3","size":3,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000005','portrait v5','portrait v5','main','sdxl','checkpoint','sdxl/lora/5.safetensors',NULL,NULL,5,'photo portrait light landscape','owner/repo-5','portrait v5
photo portrait light landscape
owner/repo-5',1.79547756533237504962e+09,1.79547756540819859498e+09,'{"key":"00000000000000000000000000000005","name":"portrait v5","path":"sdxl/lora/5.safetensors","type":"main","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":"photo portrait light landscape","source":"owner/repo-5","size":5,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null,"vae":null,"variant":"normal","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000006','ink_v6','ink_v6','lora','sdxl','lycoris','sdxl/lora/6.safetensors',NULL,NULL,6,NULL,'owner/repo-6','ink_v6
owner/repo-6',1.79547756533548450471e+09,1.79547756533548450471e+09,'{"key":"00000000000000000000000000000006","name":"ink_v6","path":"sdxl/lora/6.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-6","size":6,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000007','detail-v7','detail-v7','lora','sdxl','lycoris','sdxl/lora/7.safetensors',NULL,NULL,7,'anime retro detail photo','owner/repo-7','detail-v7
anime retro detail photo
owner/repo-7',1.79547756533829116825e+09,1.79547756533829116825e+09,'{"key":"00000000000000000000000000000007","name":"detail-v7","path":"sdxl/lora/7.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"anime retro detail photo","source":"owner/repo-7","size":7,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000008','photo v8','photo v8','lora','sdxl','lycoris','sdxl/lora/8.safetensors',NULL,NULL,8,NULL,'owner/repo-8','photo v8
owner/repo-8',1.795477565341455698e+09,1.795477565341455698e+09,'{"key":"00000000000000000000000000000008","name":"photo v8","path":"sdxl/lora/8.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-8","size":8,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000009','anime_v9','anime_v9','lora','sdxl','lycoris','sdxl/lora/9.safetensors',NULL,NULL,9,'ink detail retro anime','owner/repo-9','anime_v9
ink detail retro anime
owner/repo-9',1.79547756534443283087e+09,1.79547756534443283087e+09,'{"key":"00000000000000000000000000000009","name":"anime_v9","path":"sdxl/lora/9.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"ink detail retro anime","source":"owner/repo-9","size":9,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000a','anime-v10','anime-v10','lora','sdxl','lycoris','sdxl/lora/10.safetensors',NULL,NULL,10,NULL,'owner/repo-10','anime-v10
owner/repo-10',1.79547756534712910653e+09,1.79547756534712910653e+09,'{"key":"0000000000000000000000000000000a","name":"anime-v10","path":"sdxl/lora/10.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-10","size":10,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000b','ink.v11','ink.v11','lora','sdxl','lycoris','sdxl/lora/11.safetensors',NULL,NULL,11,'anime retro detail photo','owner/repo-11','ink.v11
anime retro detail photo
owner/repo-11',1.79547756535009598731e+09,1.79547756535009598731e+09,'{"key":"0000000000000000000000000000000b","name":"ink.v11","path":"sdxl/lora/11.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"anime retro detail photo","source":"owner/repo-11","size":11,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000c','anime v12','anime v12','lora','sdxl','lycoris','sdxl/lora/12.safetensors',NULL,NULL,12,NULL,'owner/repo-12','anime v12
owner/repo-12',1.79547756535317802432e+09,1.79547756535317802432e+09,'{"key":"0000000000000000000000000000000c","name":"anime v12","path":"sdxl/lora/12.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-12","size":12,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000d','portrait-v13','portrait-v13','lora','sdxl','lycoris','sdxl/lora/13.safetensors',NULL,NULL,13,'retro detail retro anime','owner/repo-13','portrait-v13
retro detail retro anime
owner/repo-13',1.79547756535642552373e+09,1.79547756535642552373e+09,'{"key":"0000000000000000000000000000000d","name":"portrait-v13","path":"sdxl/lora/13.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"retro detail retro anime","source":"owner/repo-13","size":13,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000e','photo-v14','photo-v14','lora','sdxl','lycoris','sdxl/lora/14.safetensors',NULL,NULL,14,NULL,'owner/repo-14','photo-v14
owner/repo-14',1.79547756535922193527e+09,1.79547756535922193527e+09,'{"key":"0000000000000000000000000000000e","name":"photo-v14","path":"sdxl/lora/14.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-14","size":14,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000000f','detail_v15','detail_v15','lora','sdxl','lycoris','sdxl/lora/15.safetensors',NULL,NULL,15,'detail landscape detail photo','owner/repo-15','detail_v15
detail landscape detail photo
owner/repo-15',1.79547756536217546462e+09,1.79547756536217546462e+09,'{"key":"0000000000000000000000000000000f","name":"detail_v15","path":"sdxl/lora/15.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"detail landscape detail photo","source":"owner/repo-15","size":15,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000010','portrait-v16','portrait-v16','lora','sdxl','lycoris','sdxl/lora/16.safetensors',NULL,NULL,16,NULL,'owner/repo-16','portrait-v16
owner/repo-16',1.79547756536533451073e+09,1.79547756536533451073e+09,'{"key":"00000000000000000000000000000010","name":"portrait-v16","path":"sdxl/lora/16.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-16","size":16,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000011','detail.v17','detail.v17','lora','sdxl','lycoris','sdxl/lora/17.safetensors',NULL,NULL,17,'anime ink anime portrait','owner/repo-17','detail.v17
anime ink anime portrait
owner/repo-17',1.7954775653681621551e+09,1.7954775653681621551e+09,'{"key":"00000000000000000000000000000011","name":"detail.v17","path":"sdxl/lora/17.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"anime ink anime portrait","source":"owner/repo-17","size":17,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000012','anime v18','anime v18','lora','sdxl','lycoris','sdxl/lora/18.safetensors',NULL,NULL,18,NULL,'owner/repo-18','anime v18
owner/repo-18',1.79547756537096476559e+09,1.79547756537096476559e+09,'{"key":"00000000000000000000000000000012","name":"anime v18","path":"sdxl/lora/18.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-18","size":18,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000013','photo-v19','photo-v19','lora','sdxl','lycoris','sdxl/lora/19.safetensors',NULL,NULL,19,'landscape landscape portrait detail','owner/repo-19','photo-v19
landscape landscape portrait detail
owner/repo-19',1.79547756537377285954e+09,1.79547756537377285954e+09,'{"key":"00000000000000000000000000000013","name":"photo-v19","path":"sdxl/lora/19.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"landscape landscape portrait detail","source":"owner/repo-19","size":19,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000014','landscape.v20','landscape.v20','lora','sdxl','lycoris','sdxl/lora/20.safetensors',NULL,NULL,20,NULL,'owner/repo-20','landscape.v20
owner/repo-20',1.79547756537666535381e+09,1.79547756537666535381e+09,'{"key":"00000000000000000000000000000014","name":"landscape.v20","path":"sdxl/lora/20.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-20","size":20,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000015','detail.v21','detail.v21','lora','sdxl','lycoris','sdxl/lora/21.safetensors',NULL,NULL,21,'landscape portrait light portrait','owner/repo-21','detail.v21
landscape portrait light portrait
owner/repo-21',1.79547756537943291668e+09,1.79547756537943291668e+09,'{"key":"00000000000000000000000000000015","name":"detail.v21","path":"sdxl/lora/21.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"landscape portrait light portrait","source":"owner/repo-21","size":21,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000016','photo_v22','photo_v22','lora','sdxl','lycoris','sdxl/lora/22.safetensors',NULL,NULL,22,NULL,'owner/repo-22','photo_v22
owner/repo-22',1.79547756538197159767e+09,1.79547756538197159767e+09,'{"key":"00000000000000000000000000000016","name":"photo_v22","path":"sdxl/lora/22.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-22","size":22,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000017','landscape v23','landscape v23','lora','sdxl','lycoris','sdxl/lora/23.safetensors',NULL,NULL,23,'retro light anime photo','owner/repo-23','landscape v23
retro light anime photo
owner/repo-23',1.7954775653847744465e+09,1.7954775653847744465e+09,'{"key":"00000000000000000000000000000017","name":"landscape v23","path":"sdxl/lora/23.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"retro light anime photo","source":"owner/repo-23","size":23,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000018','ink v24','ink v24','lora','sdxl','lycoris','sdxl/lora/24.safetensors',NULL,NULL,24,NULL,'owner/repo-24','ink v24
owner/repo-24',1.79547756538762187956e+09,1.79547756538762187956e+09,'{"key":"00000000000000000000000000000018","name":"ink v24","path":"sdxl/lora/24.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-24","size":24,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('00000000000000000000000000000019','ink.v25','ink.v25','lora','sdxl','lycoris','sdxl/lora/25.safetensors',NULL,NULL,25,'photo photo ink retro','owner/repo-25','ink.v25
photo photo ink retro
owner/repo-25',1.79547756539039087293e+09,1.79547756539039087293e+09,'{"key":"00000000000000000000000000000019","name":"ink.v25","path":"sdxl/lora/25.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"photo photo ink retro","source":"owner/repo-25","size":25,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001a','portrait-v26','portrait-v26','lora','sdxl','lycoris','sdxl/lora/26.safetensors',NULL,NULL,26,NULL,'owner/repo-26','portrait-v26
owner/repo-26',1.79547756539306330681e+09,1.79547756539306330681e+09,'{"key":"0000000000000000000000000000001a","name":"portrait-v26","path":"sdxl/lora/26.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-26","size":26,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001b','anime_v27','anime_v27','lora','sdxl','lycoris','sdxl/lora/27.safetensors',NULL,NULL,27,'light light portrait detail','owner/repo-27','anime_v27
light light portrait detail
owner/repo-27',1.79547756539588809019e+09,1.79547756539588809019e+09,'{"key":"0000000000000000000000000000001b","name":"anime_v27","path":"sdxl/lora/27.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"light light portrait detail","source":"owner/repo-27","size":27,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001c','photo.v28','photo.v28','lora','sdxl','lycoris','sdxl/lora/28.safetensors',NULL,NULL,28,NULL,'owner/repo-28','photo.v28
owner/repo-28',1.79547756539852023122e+09,1.79547756539852023122e+09,'{"key":"0000000000000000000000000000001c","name":"photo.v28","path":"sdxl/lora/28.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":null,"source":"owner/repo-28","size":28,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('0000000000000000000000000000001d','photo.v29','photo.v29','lora','sdxl','lycoris','sdxl/lora/29.safetensors',NULL,NULL,29,'retro anime retro portrait','owner/repo-29','photo.v29
retro anime retro portrait
owner/repo-29',1.79547756540120244028e+09,1.79547756540120244028e+09,'{"key":"0000000000000000000000000000001d","name":"photo.v29","path":"sdxl/lora/29.safetensors","type":"lora","base":"sdxl","format":"lycoris","original_hash":null,"current_hash":null,"description":"retro anime retro portrait","source":"owner/repo-29","size":29,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('twin-a','twin','twin','vae','sdxl','checkpoint','a/t',NULL,NULL,NULL,NULL,NULL,'twin',1.79547756541068959231e+09,1.79547756541068959231e+09,'{"key":"twin-a","name":"twin","path":"a/t","type":"vae","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null}');
INSERT INTO "mk_model" VALUES('twin-b','twin','twin','vae','sdxl','checkpoint','b/t',NULL,NULL,NULL,NULL,NULL,'twin',1.79547756541183876986e+09,1.79547756541183876986e+09,'{"key":"twin-b","name":"twin","path":"b/t","type":"vae","base":"sdxl","format":"checkpoint","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null}');
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
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000001',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000002',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000003',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000005',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000007',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000008',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000009',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000a',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000b',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000c',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000d',7);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',4);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000e',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',7);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000000f',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000010',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',3);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000011',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000012',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000013',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',4);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000014',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000015',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000016',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000017',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',8);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',7);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000018',6);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',1);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',2);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000019',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',8);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001a',5);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001b',7);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',1);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',7);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001c',6);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',2);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',3);
INSERT INTO "mk_model_tag" VALUES('0000000000000000000000000000001d',5);
INSERT INTO "mk_model_tag" VALUES('00000000000000000000000000000006',9);
CREATE TABLE mk_schema (
	version INTEGER NOT NULL, 
	written_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL
);
INSERT INTO "mk_schema" VALUES(1,'modelkeep 0.1.0',1.79547756531207442281e+09);
CREATE TABLE mk_tag (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
INSERT INTO "mk_tag" VALUES(1,'anime');
INSERT INTO "mk_tag" VALUES(2,'detail');
INSERT INTO "mk_tag" VALUES(3,'light');
INSERT INTO "mk_tag" VALUES(4,'landscape');
INSERT INTO "mk_tag" VALUES(5,'retro');
INSERT INTO "mk_tag" VALUES(6,'portrait');
INSERT INTO "mk_tag" VALUES(7,'photo');
INSERT INTO "mk_tag" VALUES(8,'ink');
INSERT INTO "mk_tag" VALUES(9,'only');
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
