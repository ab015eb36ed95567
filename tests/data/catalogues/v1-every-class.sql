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
INSERT INTO "mk_file" VALUES(1,'457c769f39d8644199c0e5bdbcfbc85b','models','sd-1/main/main 0.safetensors',0,1700000000000000000,1,NULL,'efe26c07ff0d21d7db0b33777738a5c674d37ff136eac13f553223a63841460d',1700000000.5);
INSERT INTO "mk_file" VALUES(2,'3b6aa1e68d682728f610fb1c7fd92d5f','models','sd-2/main/main 1/model_index.json',1000,1700000000000000001,2,'99735b0320db2ebba29a7b376c967c681d288c47b1829c2e219c95ea9dcc11de','459506c4f129b2635ed2db28768b0dc357d311cc481e6a12ea4286231c69309e',1700000001.5);
INSERT INTO "mk_file" VALUES(3,'4b5e119e7ec0e071665c6f207889da21','models','flux/main/main 2.safetensors',2000,1700000000000000002,3,NULL,'37f37ffb5991752a801d56df0cba9e2a5de70f4aba744b50f26b23f62869ea32',1700000002.5);
INSERT INTO "mk_file" VALUES(4,'17e9cdb03baa663226c270f7968e10f7','models','flux/main/main 3.safetensors',3000,1700000000000000003,4,'64b84c25fc2d894300ffac10696af454b3de254d842541d1af6a659a8f5a0d96','4db7dd00961392984a198dadab432ab5b9688056e6d8e6102767594f6b4ef85a',1700000003.5);
INSERT INTO "mk_file" VALUES(5,'9a668ad1263a5a4ec51d127b919148b2','models','some-new-base/main/main 4.safetensors',4000,1700000000000000004,5,NULL,'e81fa0f9ff1363f06784da05ee1c00f30191f2bfb28f8e5b3a1d4ad839d17f67',1700000004.5);
INSERT INTO "mk_file" VALUES(6,'e812a004ef958f8ca637a9c90943386b','models','sd-1/onnx/onnx 5/model_index.json',5000,1700000000000000005,6,'4ebd502e27a8ab9f73ab86f44e3253f4813e4f329621781e13f177c13f8bff3e','16e4fdedc44dcad1c6c829f137175376186829585af0328332bad35ac8b688e4',1700000005.5);
INSERT INTO "mk_file" VALUES(7,'d0db52860a963a405deb8dc674527d76','models','sd-2/onnx/onnx 6.safetensors',6000,1700000000000000006,7,NULL,'e9af60095d8fd76eebf51ff2929674fa5e905717f42a5f359ac53a57691b4c83',1700000006.5);
INSERT INTO "mk_file" VALUES(8,'4e8f8e8b6c1e921742bffc4ff8749baf','models','sdxl/onnx/onnx 7/model_index.json',7000,1700000000000000007,8,'e0be6db0fc842e4f0e7d29ffa1e8d97ba3fe5929d25c5ab83dea6d0cb5adb914','005098fc8b25c4997f789588157f71ec0747e867ccc725087917c23cc23d95bd',1700000007.5);
INSERT INTO "mk_file" VALUES(9,'ffc60d98d06e0558501a88d30db00d40','models','sdxl/vae/vae 8.safetensors',8000,1700000000000000008,9,NULL,'f86a600858e139cd30395a7edb2a8d553e4da3d688e00135a2276d21208236fb',1700000008.5);
INSERT INTO "mk_file" VALUES(10,'115c4ebb8f6c6590beff25f33aacfd21','models','sd-1/vae/vae 9/model_index.json',9000,1700000000000000009,10,'6ff1342652970b0f1a7b40d8d771af6b3ddc784b5ad72524cef501743c6908ec','091fd2ff0caad29e3d3b2dda5d95562bdba1dbf97087ae854d321b74fc2acbf5',1700000009.5);
INSERT INTO "mk_file" VALUES(11,'f6fcf77c62c157b057d7c0ba5fef5451','models','sd-1/controlnet/controlnet 10.safetensors',10000,1700000000000000010,11,NULL,'f21e8360483272d2f6f906fdbde320886e7eb6f55ae9ec2da5c680a0b5b3e8ef',1700000010.5);
INSERT INTO "mk_file" VALUES(12,'2e6532c8ea50508cc50f0dde2e1bb980','models','sdxl/controlnet/controlnet 11/model_index.json',11000,1700000000000000011,12,'e91cfda96d19c90832af77c2924b424e29dd095d49392f8f371e58b4063416ab','8debe547d0cbd1d5e1dd557c56c3cd43992b0ec51af91ffb8bb4ddb0fbcf4ab7',1700000011.5);
INSERT INTO "mk_file" VALUES(13,'36e3394b7c71f6f48d670ff2be0c0f57','models','sd-1/lora/lora 12.safetensors',12000,1700000000000000012,13,NULL,'bb5e2d406b816e5369caf0ab2b3a1046622b8376d488f04937eb11d14de11680',1700000012.5);
INSERT INTO "mk_file" VALUES(14,'6b6dbea58c8c73acd83631cc8e36485b','models','flux/control_lora/control_lora 13/model_index.json',13000,1700000000000000013,14,'1c8f9c59d7071eece2f4c6d70531272ce680b2de9fd7f1ddddd936b0600c2573','de24e3f90d1b415d8f43def4e74197553fc9a484c3d15024d5d482870cb4eefa',1700000013.5);
INSERT INTO "mk_file" VALUES(15,'f0498a2a9fefda3225bf2cd641edad5c','models','sd-1/embedding/embedding 14.safetensors',14000,1700000000000000014,15,NULL,'3171f8ba097ca86a86d6fc2bdd52e59d536fc6c7e66dacef0047b29426683684',1700000014.5);
INSERT INTO "mk_file" VALUES(16,'a6b109a32bfe4c452d156db858f5fafe','models','sd-1/embedding/embedding 15/model_index.json',15000,1700000000000000015,16,'99e2123836a34dc2aae49aaf8b6b372e086180a1da25edb7dc72b70a503189fc','d6d3b9786a8cd1fae408eb39d64b6e2afb50dc0da6a64de471d12e2255475f1c',1700000015.5);
INSERT INTO "mk_file" VALUES(17,'81e73d513192cdf7d7e0792e72ba8f7b','models','sd-1/ip_adapter/ip_adapter 16.safetensors',16000,1700000000000000016,17,NULL,'52879e9c69156d12bd031597db5851348e80e33c91d8cfb7fcf436e7162ebf5f',1700000016.5);
INSERT INTO "mk_file" VALUES(18,'4c4b2b0036b4bb5962b4c6673e42bdf3','models','any/clip_vision/clip_vision 17/model_index.json',17000,1700000000000000017,18,'a693b65f05ffe0f6d55d3b098b67c88c4589129d7d66274d8a3b4618af8e974b','3c98938b37e13c83562be156fb7a7bf3b09db5947f9e0e4b9c2e53f512a6035a',1700000017.5);
INSERT INTO "mk_file" VALUES(19,'66a88ad10d9d102199434a6ba722c468','models','sdxl/t2i_adapter/t2i_adapter 18.safetensors',18000,1700000000000000018,19,NULL,'885e8f987baafb619e1259902db91e7a71e20bf570fafb326ea5cef72d2d0b22',1700000018.5);
INSERT INTO "mk_file" VALUES(20,'5d89a01bec7f77535a0ed990e82d9eea','models','any/clip_embed/clip_embed 19/model_index.json',19000,1700000000000000019,20,'3b983760191ce06d25d4826e82ba07faa525f1399321507e96639f4a9269c57a','44c9f2f88e0d53b5104c396159b7466226360df6e7f4deda5557ebe9bf04b628',1700000019.5);
INSERT INTO "mk_file" VALUES(21,'ad008798d2230d985cde8342fae4b3bd','models','any/t5_encoder/t5_encoder 20.safetensors',20000,1700000000000000020,21,NULL,'b88bf9fbc58fb74e1ca3e37d99a1f6ed0467514916bfae245f75187a011d1606',1700000020.5);
INSERT INTO "mk_file" VALUES(22,'eeeb331fd19df9a8b2da269f1404f9f5','models','flux2/text_encoder/text_encoder 21.safetensors',21000,1700000000000000021,22,'8b4a6103acb7f47a2728568865d4708f03f21646df29543ec5bf6cefa1486a79','a6122bc8d84b6909e695e33e246d787dea3b874400bf0ad8d9b89e27f45bb1b8',1700000021.5);
INSERT INTO "mk_file" VALUES(23,'04a623fdc0822549be620e4bc802057e','models','any/upscaler/upscaler 22.safetensors',22000,1700000000000000022,23,NULL,'0c4354beffe61ee58cfa401ee2e52304e27ca9c2e2a743201601fa4c0eec4748',1700000022.5);
INSERT INTO "mk_file" VALUES(24,'cec5de76a52e8a59a1136d5c6feb87ae','models','flux/style_model/style_model 23.safetensors',23000,1700000000000000023,24,'dc19a374a0308cafed8aa4ea00b78b1bc71250e399ccfaafb1efab8b9f20f130','f53cba0346e3fe6d011644c7305bbace4dd07f6dfad84a988e425d93a27063b0',1700000023.5);
INSERT INTO "mk_file" VALUES(25,'275d4bb5575c09f4ea2cdaa1fbfa1ba6','models','sd-1/motion_module/motion_module 24.safetensors',24000,1700000000000000024,25,NULL,'803516da125338b8b0bc4b3217201ee62f0ee44bdec90f77296c7cd4412e19c2',1700000024.5);
INSERT INTO "mk_file" VALUES(26,'f3eee810c203bc4d4e5b16d6e672d300','models','sd-1/hypernetwork/hypernetwork 25.safetensors',25000,1700000000000000025,26,'8f0922e969769a4f5ef386245fe45a2abe3f797a44c6fab11183918c843081e3','0515687fe36711f9282eab5490bfb68925984d27a88cf16c9b69fa953899998a',1700000025.5);
INSERT INTO "mk_file" VALUES(27,'8fa2d3cf5b0a6e0c80ed83117eeb8dbb','models','unknown/unknown/unknown 26.safetensors',26000,1700000000000000026,27,NULL,'f1a98a069dde42558f38fcb8c1f9e86d4a2a8bfa10a096113fd992ffa802bf67',1700000026.5);
CREATE TABLE mk_metadata (
	model_key TEXT NOT NULL, 
	type TEXT NOT NULL, 
	name TEXT NOT NULL, 
	author TEXT NOT NULL, 
	metadata TEXT NOT NULL, 
	PRIMARY KEY (model_key), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE
);
INSERT INTO "mk_metadata" VALUES('3b6aa1e68d682728f610fb1c7fd92d5f','basemetadata','main 1','me','{"name":"main 1","author":"me","tags":["all","main","t1"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('4b5e119e7ec0e071665c6f207889da21','huggingface','main 2','stabilityai','{"name":"main 2","author":"stabilityai","tags":["all","main","t2"],"files":[{"url":"https://huggingface.co/stabilityai/main%202/resolve/main/unet/model.safetensors","path":"main 2/unet/model.safetensors","size":5135149760,"sha256":"968c0a8a8e5449e0444c86ada1da2fa02b6e6c346dd6812e97cde3f03456f3f7"}],"type":"huggingface","id":"stabilityai/main 2","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('17e9cdb03baa663226c270f7968e10f7','civitai','main 3','Zoë_ñ','{"name":"main 3","author":"Zoë_ñ","tags":["all","main","t3"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('e812a004ef958f8ca637a9c90943386b','basemetadata','onnx 5','me','{"name":"onnx 5","author":"me","tags":["all","onnx","t0"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('d0db52860a963a405deb8dc674527d76','huggingface','onnx 6','stabilityai','{"name":"onnx 6","author":"stabilityai","tags":["all","onnx","t1"],"files":[{"url":"https://huggingface.co/stabilityai/onnx%206/resolve/main/unet/model.safetensors","path":"onnx 6/unet/model.safetensors","size":5135149760,"sha256":"9e315f9c1c06d55c0dc307eb2826f0257096075703ba9246043798ecf908deb3"}],"type":"huggingface","id":"stabilityai/onnx 6","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('4e8f8e8b6c1e921742bffc4ff8749baf','civitai','onnx 7','Zoë_ñ','{"name":"onnx 7","author":"Zoë_ñ","tags":["all","onnx","t2"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('115c4ebb8f6c6590beff25f33aacfd21','basemetadata','vae 9','me','{"name":"vae 9","author":"me","tags":["all","t4","vae"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('f6fcf77c62c157b057d7c0ba5fef5451','huggingface','controlnet 10','stabilityai','{"name":"controlnet 10","author":"stabilityai","tags":["all","controlnet","t0"],"files":[{"url":"https://huggingface.co/stabilityai/controlnet%2010/resolve/main/unet/model.safetensors","path":"controlnet 10/unet/model.safetensors","size":5135149760,"sha256":"9898d37f3c1228de418ba6563a5d1c2eacb5d11664abea7df21db64528c3e283"}],"type":"huggingface","id":"stabilityai/controlnet 10","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('2e6532c8ea50508cc50f0dde2e1bb980','civitai','controlnet 11','Zoë_ñ','{"name":"controlnet 11","author":"Zoë_ñ","tags":["all","controlnet","t1"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('6b6dbea58c8c73acd83631cc8e36485b','basemetadata','control_lora 13','me','{"name":"control_lora 13","author":"me","tags":["all","control_lora","t3"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('f0498a2a9fefda3225bf2cd641edad5c','huggingface','embedding 14','stabilityai','{"name":"embedding 14","author":"stabilityai","tags":["all","embedding","t4"],"files":[{"url":"https://huggingface.co/stabilityai/embedding%2014/resolve/main/unet/model.safetensors","path":"embedding 14/unet/model.safetensors","size":5135149760,"sha256":"88e461aac6f2b9efc906b96b61867b4df43bad9f11079f8dc30c53c6081cfcdd"}],"type":"huggingface","id":"stabilityai/embedding 14","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('a6b109a32bfe4c452d156db858f5fafe','civitai','embedding 15','Zoë_ñ','{"name":"embedding 15","author":"Zoë_ñ","tags":["all","embedding","t0"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('4c4b2b0036b4bb5962b4c6673e42bdf3','basemetadata','clip_vision 17','me','{"name":"clip_vision 17","author":"me","tags":["all","clip_vision","t2"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('66a88ad10d9d102199434a6ba722c468','huggingface','t2i_adapter 18','stabilityai','{"name":"t2i_adapter 18","author":"stabilityai","tags":["all","t2i_adapter","t3"],"files":[{"url":"https://huggingface.co/stabilityai/t2i_adapter%2018/resolve/main/unet/model.safetensors","path":"t2i_adapter 18/unet/model.safetensors","size":5135149760,"sha256":"a3dbcd9baeb6401757bee25940693cd2d540bae40f7462a91a183e00052cc161"}],"type":"huggingface","id":"stabilityai/t2i_adapter 18","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('5d89a01bec7f77535a0ed990e82d9eea','civitai','clip_embed 19','Zoë_ñ','{"name":"clip_embed 19","author":"Zoë_ñ","tags":["all","clip_embed","t4"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('eeeb331fd19df9a8b2da269f1404f9f5','basemetadata','text_encoder 21','me','{"name":"text_encoder 21","author":"me","tags":["all","t1","text_encoder"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('04a623fdc0822549be620e4bc802057e','huggingface','upscaler 22','stabilityai','{"name":"upscaler 22","author":"stabilityai","tags":["all","t2","upscaler"],"files":[{"url":"https://huggingface.co/stabilityai/upscaler%2022/resolve/main/unet/model.safetensors","path":"upscaler 22/unet/model.safetensors","size":5135149760,"sha256":"cd519388ec4641b57e110c56f505139d8389fc4b07e734bba465a587904bd006"}],"type":"huggingface","id":"stabilityai/upscaler 22","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
INSERT INTO "mk_metadata" VALUES('cec5de76a52e8a59a1136d5c6feb87ae','civitai','style_model 23','Zoë_ñ','{"name":"style_model 23","author":"Zoë_ñ","tags":["all","style_model","t3"],"files":[{"url":"https://civitai.com/api/download/models/128078","path":"a.safetensors","size":1,"sha256":null}],"type":"civitai","id":101055,"version_name":"v1.0 — final","version_id":128078,"created":"2023-07-26T18:00:00Z","updated":"2023-10-02T00:00:00Z","published":"2023-07-26T18:30:00+02:00","description":"<p>A <b>fine</b> thing</p>","version_description":"","nsfw":false,"restrictions":{"AllowNoCredit":true,"AllowDerivatives":false,"AllowDifferentLicense":false,"AllowCommercialUse":["Image","Sell"]},"trained_words":["ohwx man","sks"],"download_url":"https://civitai.com/api/download/models/128078","base_model_trained_on":"SDXL 1.0","thumbnail_url":"https://image.civitai.com/x/1.jpeg","weight_minmax":[-2.0,2.0]}');
INSERT INTO "mk_metadata" VALUES('f3eee810c203bc4d4e5b16d6e672d300','basemetadata','hypernetwork 25','me','{"name":"hypernetwork 25","author":"me","tags":["all","hypernetwork","t0"],"type":"basemetadata"}');
INSERT INTO "mk_metadata" VALUES('8fa2d3cf5b0a6e0c80ed83117eeb8dbb','huggingface','unknown 26','stabilityai','{"name":"unknown 26","author":"stabilityai","tags":["all","t1","unknown"],"files":[{"url":"https://huggingface.co/stabilityai/unknown%2026/resolve/main/unet/model.safetensors","path":"unknown 26/unet/model.safetensors","size":5135149760,"sha256":"afff84b3f5c9977c2b3f840c7d81951fc16a91d748c1521f69981f387c82539d"}],"type":"huggingface","id":"stabilityai/unknown 26","tag_dict":{"license":"openrail++","n":[1,{"a":null}]},"last_modified":"2024-03-01T10:20:30Z"}');
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
INSERT INTO "mk_model" VALUES('457c769f39d8644199c0e5bdbcfbc85b','main 0','main 0','main','sd-1','checkpoint','sd-1/main/main 0.safetensors','37ce91cbde1fc1b0ea6b44f130436dd7','29fe69bd9e8ceba6a07d1dec25b1b087',17,'The main; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/0?modelVersionId=9','main 0
the main; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/0?modelversionid=9',1795477565.09641,1795477565.09641,'{"key":"457c769f39d8644199c0e5bdbcfbc85b","name":"main 0","path":"sd-1/main/main 0.safetensors","type":"main","base":"sd-1","format":"checkpoint","original_hash":"37ce91cbde1fc1b0ea6b44f130436dd7","current_hash":"29fe69bd9e8ceba6a07d1dec25b1b087","description":"The main; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/0?modelVersionId=9","size":17,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}],"config":"stable-diffusion/v1-inference.yaml","vae":"sd-1/vae/x.safetensors","variant":"inpaint","prediction_type":"epsilon","upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('3b6aa1e68d682728f610fb1c7fd92d5f','main 1','main 1','main','sd-2','diffusers','sd-2/main/main 1','a2e81478007152dea8651f3fce597961','68e9338b87fe1a1a45cfed925923d43f',1017,NULL,NULL,'main 1',1.79547756510180664063e+09,1.79547756510180664063e+09,'{"key":"3b6aa1e68d682728f610fb1c7fd92d5f","name":"main 1","path":"sd-2/main/main 1","type":"main","base":"sd-2","format":"diffusers","original_hash":"a2e81478007152dea8651f3fce597961","current_hash":"68e9338b87fe1a1a45cfed925923d43f","description":null,"source":null,"size":1017,"repo_variant":"fp16","lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"vae":null,"variant":"normal","prediction_type":"v_prediction","upcast_attention":true,"ztsnr_training":true}');
INSERT INTO "mk_model" VALUES('4b5e119e7ec0e071665c6f207889da21','main 2','main 2','main','flux','gguf_quantized','flux/main/main 2.safetensors','30517400b918ebf8aa6114dfb2335c01','fbee9e35ab3c0ac619c62937bfe3caf5',2017,NULL,NULL,'main 2',1.79547756510726237298e+09,1.79547756510726237298e+09,'{"key":"4b5e119e7ec0e071665c6f207889da21","name":"main 2","path":"flux/main/main 2.safetensors","type":"main","base":"flux","format":"gguf_quantized","original_hash":"30517400b918ebf8aa6114dfb2335c01","current_hash":"fbee9e35ab3c0ac619c62937bfe3caf5","description":null,"source":null,"size":2017,"repo_variant":null,"lineage":"flux-dev","fits":null,"quantization":"Q4_K_S","trigger_phrases":[],"evidence":[],"config":null,"vae":null,"variant":"normal","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('17e9cdb03baa663226c270f7968e10f7','main 3','main 3','main','flux','bnb_quantized_nf4b','flux/main/main 3.safetensors','3241cce457ef1a62f06d7d4c1ca08505','8af1765c9153376a80187c2a931b90ef',3017,'The main; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/3?modelVersionId=9','main 3
the main; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/3?modelversionid=9',1.79547756511413407324e+09,1.79547756511413407324e+09,'{"key":"17e9cdb03baa663226c270f7968e10f7","name":"main 3","path":"flux/main/main 3.safetensors","type":"main","base":"flux","format":"bnb_quantized_nf4b","original_hash":"3241cce457ef1a62f06d7d4c1ca08505","current_hash":"8af1765c9153376a80187c2a931b90ef","description":"The main; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/3?modelVersionId=9","size":3017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":null,"vae":null,"variant":"normal","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('9a668ad1263a5a4ec51d127b919148b2','main 4','main 4','main','some-new-base','checkpoint','some-new-base/main/main 4.safetensors',NULL,NULL,NULL,NULL,NULL,'main 4',1.79547756512024617192e+09,1.79547756512024617192e+09,'{"key":"9a668ad1263a5a4ec51d127b919148b2","name":"main 4","path":"some-new-base/main/main 4.safetensors","type":"main","base":"some-new-base","format":"checkpoint","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}],"config":null,"vae":null,"variant":"kontext","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('e812a004ef958f8ca637a9c90943386b','onnx 5','onnx 5','onnx','sd-1','onnx','sd-1/onnx/onnx 5','0944be5ddc7b59604dcf1994241e5bd7','15f65202d028ec73f74ef60b3ca52fb5',5017,NULL,NULL,'onnx 5',1.7954775651235461235e+09,1.7954775651235461235e+09,'{"key":"e812a004ef958f8ca637a9c90943386b","name":"onnx 5","path":"sd-1/onnx/onnx 5","type":"onnx","base":"sd-1","format":"onnx","original_hash":"0944be5ddc7b59604dcf1994241e5bd7","current_hash":"15f65202d028ec73f74ef60b3ca52fb5","description":null,"source":null,"size":5017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"vae":null,"variant":"normal","prediction_type":"epsilon","upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('d0db52860a963a405deb8dc674527d76','onnx 6','onnx 6','onnx','sd-2','olive','sd-2/onnx/onnx 6.safetensors','545aa91b7bbbfa96c00397bf1bc6eec7','310c17ccb330075e57ed14dc01bbbd4b',6017,'The onnx; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/6?modelVersionId=9','onnx 6
the onnx; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/6?modelversionid=9',1.79547756512876939775e+09,1.79547756512876939775e+09,'{"key":"d0db52860a963a405deb8dc674527d76","name":"onnx 6","path":"sd-2/onnx/onnx 6.safetensors","type":"onnx","base":"sd-2","format":"olive","original_hash":"545aa91b7bbbfa96c00397bf1bc6eec7","current_hash":"310c17ccb330075e57ed14dc01bbbd4b","description":"The onnx; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/6?modelVersionId=9","size":6017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"vae":null,"variant":"normal","prediction_type":"v_prediction","upcast_attention":true,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('4e8f8e8b6c1e921742bffc4ff8749baf','onnx 7','onnx 7','onnx','sdxl','onnx','sdxl/onnx/onnx 7','cccd1951363a614efc2e6f2d816d7ccc','1eab0414d65776a04b371c26564e9cb8',7017,NULL,NULL,'onnx 7',1.7954775651341052055e+09,1.7954775651341052055e+09,'{"key":"4e8f8e8b6c1e921742bffc4ff8749baf","name":"onnx 7","path":"sdxl/onnx/onnx 7","type":"onnx","base":"sdxl","format":"onnx","original_hash":"cccd1951363a614efc2e6f2d816d7ccc","current_hash":"1eab0414d65776a04b371c26564e9cb8","description":null,"source":null,"size":7017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"vae":null,"variant":"normal","prediction_type":null,"upcast_attention":false,"ztsnr_training":false}');
INSERT INTO "mk_model" VALUES('ffc60d98d06e0558501a88d30db00d40','vae 8','vae 8','vae','sdxl','checkpoint','sdxl/vae/vae 8.safetensors','c677a67499bca5a61449f86b9cf14725','3cd4420eac0fa3fa4a8583eaef3969a3',8017,NULL,NULL,'vae 8',1.7954775651394340992e+09,1.7954775651394340992e+09,'{"key":"ffc60d98d06e0558501a88d30db00d40","name":"vae 8","path":"sdxl/vae/vae 8.safetensors","type":"vae","base":"sdxl","format":"checkpoint","original_hash":"c677a67499bca5a61449f86b9cf14725","current_hash":"3cd4420eac0fa3fa4a8583eaef3969a3","description":null,"source":null,"size":8017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}],"config":"vae.yaml"}');
INSERT INTO "mk_model" VALUES('115c4ebb8f6c6590beff25f33aacfd21','vae 9','vae 9','vae','sd-1','diffusers','sd-1/vae/vae 9',NULL,NULL,NULL,'The vae; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/9?modelVersionId=9','vae 9
the vae; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/9?modelversionid=9',1.79547756514250588422e+09,1.79547756514250588422e+09,'{"key":"115c4ebb8f6c6590beff25f33aacfd21","name":"vae 9","path":"sd-1/vae/vae 9","type":"vae","base":"sd-1","format":"diffusers","original_hash":null,"current_hash":null,"description":"The vae; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/9?modelVersionId=9","size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('f6fcf77c62c157b057d7c0ba5fef5451','controlnet 10','controlnet 10','controlnet','sd-1','checkpoint','sd-1/controlnet/controlnet 10.safetensors','ac86a27a413127464675804a97375778','3bbe5e67f753e0e6f970812551c1d01c',10017,NULL,NULL,'controlnet 10',1.79547756514791560173e+09,1.79547756514791560173e+09,'{"key":"f6fcf77c62c157b057d7c0ba5fef5451","name":"controlnet 10","path":"sd-1/controlnet/controlnet 10.safetensors","type":"controlnet","base":"sd-1","format":"checkpoint","original_hash":"ac86a27a413127464675804a97375778","current_hash":"3bbe5e67f753e0e6f970812551c1d01c","description":null,"source":null,"size":10017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[],"config":"cldm_v15.yaml"}');
INSERT INTO "mk_model" VALUES('2e6532c8ea50508cc50f0dde2e1bb980','controlnet 11','controlnet 11','controlnet','sdxl','diffusers','sdxl/controlnet/controlnet 11','58e07f5cd3e527108dc638c937118fcb','a2b85fc6b0130f5bb717d1b1235f6596',11017,NULL,NULL,'controlnet 11',1.7954775651527459621e+09,1.7954775651527459621e+09,'{"key":"2e6532c8ea50508cc50f0dde2e1bb980","name":"controlnet 11","path":"sdxl/controlnet/controlnet 11","type":"controlnet","base":"sdxl","format":"diffusers","original_hash":"58e07f5cd3e527108dc638c937118fcb","current_hash":"a2b85fc6b0130f5bb717d1b1235f6596","description":null,"source":null,"size":11017,"repo_variant":"fp32","lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('36e3394b7c71f6f48d670ff2be0c0f57','lora 12','lora 12','lora','sd-1','lycoris','sd-1/lora/lora 12.safetensors','953952a662f7bb2d0c30a694aa0111da','3df3f60200fa6b795b98078c905112c6',12017,'The lora; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/12?modelVersionId=9','lora 12
the lora; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/12?modelversionid=9',1.79547756515776920317e+09,1.79547756515776920317e+09,'{"key":"36e3394b7c71f6f48d670ff2be0c0f57","name":"lora 12","path":"sd-1/lora/lora 12.safetensors","type":"lora","base":"sd-1","format":"lycoris","original_hash":"953952a662f7bb2d0c30a694aa0111da","current_hash":"3df3f60200fa6b795b98078c905112c6","description":"The lora; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/12?modelVersionId=9","size":12017,"repo_variant":null,"lineage":null,"fits":["normal","inpaint"],"quantization":null,"trigger_phrases":["ohwx man","1girl, naïve"],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}]}');
INSERT INTO "mk_model" VALUES('6b6dbea58c8c73acd83631cc8e36485b','control_lora 13','control_lora 13','control_lora','flux','diffusers','flux/control_lora/control_lora 13','94f50e59e0b61c465851e1a40a0d7858','c640e2bcb0fe00f0362c04d4086d9168',13017,NULL,NULL,'control_lora 13',1.79547756515973830218e+09,1.79547756515973830218e+09,'{"key":"6b6dbea58c8c73acd83631cc8e36485b","name":"control_lora 13","path":"flux/control_lora/control_lora 13","type":"control_lora","base":"flux","format":"diffusers","original_hash":"94f50e59e0b61c465851e1a40a0d7858","current_hash":"c640e2bcb0fe00f0362c04d4086d9168","description":null,"source":null,"size":13017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('f0498a2a9fefda3225bf2cd641edad5c','embedding 14','embedding 14','embedding','sd-1','embedding_file','sd-1/embedding/embedding 14.safetensors',NULL,NULL,NULL,NULL,NULL,'embedding 14',1.79547756516431736943e+09,1.79547756516431736943e+09,'{"key":"f0498a2a9fefda3225bf2cd641edad5c","name":"embedding 14","path":"sd-1/embedding/embedding 14.safetensors","type":"embedding","base":"sd-1","format":"embedding_file","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":["<bad-hands>"],"evidence":[]}');
INSERT INTO "mk_model" VALUES('a6b109a32bfe4c452d156db858f5fafe','embedding 15','embedding 15','embedding','sd-1','embedding_folder','sd-1/embedding/embedding 15','8d3c12074fc412328745f7287d782196','05dce970b52bc39f77126ea62a28452e',15017,'The embedding; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/15?modelVersionId=9','embedding 15
the embedding; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/15?modelversionid=9',1.79547756516846251486e+09,1.79547756516846251486e+09,'{"key":"a6b109a32bfe4c452d156db858f5fafe","name":"embedding 15","path":"sd-1/embedding/embedding 15","type":"embedding","base":"sd-1","format":"embedding_folder","original_hash":"8d3c12074fc412328745f7287d782196","current_hash":"05dce970b52bc39f77126ea62a28452e","description":"The embedding; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/15?modelVersionId=9","size":15017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('81e73d513192cdf7d7e0792e72ba8f7b','ip_adapter 16','ip_adapter 16','ip_adapter','sd-1','invokeai','sd-1/ip_adapter/ip_adapter 16.safetensors','210c803187bf5e8c71da2009bd895d6a','ace01f77c4ade159f3435b61282c9ba9',16017,NULL,NULL,'ip_adapter 16',1.79547756517287874222e+09,1.79547756517287874222e+09,'{"key":"81e73d513192cdf7d7e0792e72ba8f7b","name":"ip_adapter 16","path":"sd-1/ip_adapter/ip_adapter 16.safetensors","type":"ip_adapter","base":"sd-1","format":"invokeai","original_hash":"210c803187bf5e8c71da2009bd895d6a","current_hash":"ace01f77c4ade159f3435b61282c9ba9","description":null,"source":null,"size":16017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}]}');
INSERT INTO "mk_model" VALUES('4c4b2b0036b4bb5962b4c6673e42bdf3','clip_vision 17','clip_vision 17','clip_vision','any','diffusers','any/clip_vision/clip_vision 17','8e9d4d47904b19db6f88f868de78ccdd','ad84751deed258b00babd4d4a81e188c',17017,NULL,NULL,'clip_vision 17',1.79547756517608523372e+09,1.79547756517608523372e+09,'{"key":"4c4b2b0036b4bb5962b4c6673e42bdf3","name":"clip_vision 17","path":"any/clip_vision/clip_vision 17","type":"clip_vision","base":"any","format":"diffusers","original_hash":"8e9d4d47904b19db6f88f868de78ccdd","current_hash":"ad84751deed258b00babd4d4a81e188c","description":null,"source":null,"size":17017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('66a88ad10d9d102199434a6ba722c468','t2i_adapter 18','t2i_adapter 18','t2i_adapter','sdxl','checkpoint','sdxl/t2i_adapter/t2i_adapter 18.safetensors','411a20d0dd115d90d98b6da4b7a4d389','57cc935e5f43ac77fa7b61249c6f2228',18017,'The t2i_adapter; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/18?modelVersionId=9','t2i_adapter 18
the t2i_adapter; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/18?modelversionid=9',1.79547756518055105206e+09,1.79547756518055105206e+09,'{"key":"66a88ad10d9d102199434a6ba722c468","name":"t2i_adapter 18","path":"sdxl/t2i_adapter/t2i_adapter 18.safetensors","type":"t2i_adapter","base":"sdxl","format":"checkpoint","original_hash":"411a20d0dd115d90d98b6da4b7a4d389","current_hash":"57cc935e5f43ac77fa7b61249c6f2228","description":"The t2i_adapter; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/18?modelVersionId=9","size":18017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('5d89a01bec7f77535a0ed990e82d9eea','clip_embed 19','clip_embed 19','clip_embed','any','diffusers','any/clip_embed/clip_embed 19',NULL,NULL,NULL,NULL,NULL,'clip_embed 19',1.79547756518511366849e+09,1.79547756518511366849e+09,'{"key":"5d89a01bec7f77535a0ed990e82d9eea","name":"clip_embed 19","path":"any/clip_embed/clip_embed 19","type":"clip_embed","base":"any","format":"diffusers","original_hash":null,"current_hash":null,"description":null,"source":null,"size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('ad008798d2230d985cde8342fae4b3bd','t5_encoder 20','t5_encoder 20','t5_encoder','any','bnb_quantized_int8b','any/t5_encoder/t5_encoder 20.safetensors','c18a21fbe967014da1e00d7fd0024640','44aa5d6afd2d090536fbb351fb0ef7f1',20017,NULL,NULL,'t5_encoder 20',1.79547756518865299227e+09,1.79547756518865299227e+09,'{"key":"ad008798d2230d985cde8342fae4b3bd","name":"t5_encoder 20","path":"any/t5_encoder/t5_encoder 20.safetensors","type":"t5_encoder","base":"any","format":"bnb_quantized_int8b","original_hash":"c18a21fbe967014da1e00d7fd0024640","current_hash":"44aa5d6afd2d090536fbb351fb0ef7f1","description":null,"source":null,"size":20017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}]}');
INSERT INTO "mk_model" VALUES('eeeb331fd19df9a8b2da269f1404f9f5','text_encoder 21','text_encoder 21','text_encoder','flux2','gguf_quantized','flux2/text_encoder/text_encoder 21.safetensors','53188771b91bd93e11ce084b62e63b0a','7be71dc831bfed223083a9d395987364',21017,'The text_encoder; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/21?modelVersionId=9','text_encoder 21
the text_encoder; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/21?modelversionid=9',1.79547756519093227385e+09,1.79547756519093227385e+09,'{"key":"eeeb331fd19df9a8b2da269f1404f9f5","name":"text_encoder 21","path":"flux2/text_encoder/text_encoder 21.safetensors","type":"text_encoder","base":"flux2","format":"gguf_quantized","original_hash":"53188771b91bd93e11ce084b62e63b0a","current_hash":"7be71dc831bfed223083a9d395987364","description":"The text_encoder; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/21?modelVersionId=9","size":21017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('04a623fdc0822549be620e4bc802057e','upscaler 22','upscaler 22','upscaler','any','checkpoint','any/upscaler/upscaler 22.safetensors','ef59a89bae6213fef97181791601aa84','73a216a549210ddd4828969a9feb72e1',22017,NULL,NULL,'upscaler 22',1.7954775651947805881e+09,1.7954775651947805881e+09,'{"key":"04a623fdc0822549be620e4bc802057e","name":"upscaler 22","path":"any/upscaler/upscaler 22.safetensors","type":"upscaler","base":"any","format":"checkpoint","original_hash":"ef59a89bae6213fef97181791601aa84","current_hash":"73a216a549210ddd4828969a9feb72e1","description":null,"source":null,"size":22017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('cec5de76a52e8a59a1136d5c6feb87ae','style_model 23','style_model 23','style_model','flux','checkpoint','flux/style_model/style_model 23.safetensors','2b72b9be860a09d014fa3e97042fea21','c2675309afdeb90059ca9e40445da08d',23017,NULL,NULL,'style_model 23',1.79547756519782733923e+09,1.79547756519782733923e+09,'{"key":"cec5de76a52e8a59a1136d5c6feb87ae","name":"style_model 23","path":"flux/style_model/style_model 23.safetensors","type":"style_model","base":"flux","format":"checkpoint","original_hash":"2b72b9be860a09d014fa3e97042fea21","current_hash":"c2675309afdeb90059ca9e40445da08d","description":null,"source":null,"size":23017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('275d4bb5575c09f4ea2cdaa1fbfa1ba6','motion_module 24','motion_module 24','motion_module','sd-1','checkpoint','sd-1/motion_module/motion_module 24.safetensors',NULL,NULL,NULL,'The motion_module; it''s "quoted"
and has lines — ünïcode 模型','https://civitai.com/models/24?modelVersionId=9','motion_module 24
the motion_module; it''s "quoted"
and has lines — ünïcode 模型
https://civitai.com/models/24?modelversionid=9',1.79547756520089101788e+09,1.79547756520089101788e+09,'{"key":"275d4bb5575c09f4ea2cdaa1fbfa1ba6","name":"motion_module 24","path":"sd-1/motion_module/motion_module 24.safetensors","type":"motion_module","base":"sd-1","format":"checkpoint","original_hash":null,"current_hash":null,"description":"The motion_module; it''s \"quoted\"\nand has lines — ünïcode 模型","source":"https://civitai.com/models/24?modelVersionId=9","size":null,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[{"kind":"keys","detail":"model.diffusion_model.* is there"},{"kind":"name","detail":"called so"}]}');
INSERT INTO "mk_model" VALUES('f3eee810c203bc4d4e5b16d6e672d300','hypernetwork 25','hypernetwork 25','hypernetwork','sd-1','checkpoint','sd-1/hypernetwork/hypernetwork 25.safetensors','aeb6d2b115656cc7514ccd6ef8540595','aff54e49ec2ffda5a6ddddc72e76f278',25017,NULL,NULL,'hypernetwork 25',1.79547756520254635811e+09,1.79547756520254635811e+09,'{"key":"f3eee810c203bc4d4e5b16d6e672d300","name":"hypernetwork 25","path":"sd-1/hypernetwork/hypernetwork 25.safetensors","type":"hypernetwork","base":"sd-1","format":"checkpoint","original_hash":"aeb6d2b115656cc7514ccd6ef8540595","current_hash":"aff54e49ec2ffda5a6ddddc72e76f278","description":null,"source":null,"size":25017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
INSERT INTO "mk_model" VALUES('8fa2d3cf5b0a6e0c80ed83117eeb8dbb','unknown 26','unknown 26','unknown','unknown','unknown','unknown/unknown/unknown 26.safetensors','cd8ae23a3c89674436e5d0d1f56acf15','4c29b0cafd5d1b1014c8e1a929cd31f1',26017,NULL,NULL,'unknown 26',1.79547756520686197282e+09,1.79547756520686197282e+09,'{"key":"8fa2d3cf5b0a6e0c80ed83117eeb8dbb","name":"unknown 26","path":"unknown/unknown/unknown 26.safetensors","type":"unknown","base":"unknown","format":"unknown","original_hash":"cd8ae23a3c89674436e5d0d1f56acf15","current_hash":"4c29b0cafd5d1b1014c8e1a929cd31f1","description":null,"source":null,"size":26017,"repo_variant":null,"lineage":null,"fits":null,"quantization":null,"trigger_phrases":[],"evidence":[]}');
CREATE TABLE mk_model_tag (
	model_key TEXT NOT NULL, 
	tag_id INTEGER NOT NULL, 
	PRIMARY KEY (model_key, tag_id), 
	FOREIGN KEY(model_key) REFERENCES mk_model ("key") ON DELETE CASCADE, 
	FOREIGN KEY(tag_id) REFERENCES mk_tag (id) ON DELETE CASCADE
);
INSERT INTO "mk_model_tag" VALUES('3b6aa1e68d682728f610fb1c7fd92d5f',1);
INSERT INTO "mk_model_tag" VALUES('3b6aa1e68d682728f610fb1c7fd92d5f',2);
INSERT INTO "mk_model_tag" VALUES('3b6aa1e68d682728f610fb1c7fd92d5f',3);
INSERT INTO "mk_model_tag" VALUES('4b5e119e7ec0e071665c6f207889da21',1);
INSERT INTO "mk_model_tag" VALUES('4b5e119e7ec0e071665c6f207889da21',2);
INSERT INTO "mk_model_tag" VALUES('4b5e119e7ec0e071665c6f207889da21',4);
INSERT INTO "mk_model_tag" VALUES('17e9cdb03baa663226c270f7968e10f7',1);
INSERT INTO "mk_model_tag" VALUES('17e9cdb03baa663226c270f7968e10f7',2);
INSERT INTO "mk_model_tag" VALUES('17e9cdb03baa663226c270f7968e10f7',5);
INSERT INTO "mk_model_tag" VALUES('e812a004ef958f8ca637a9c90943386b',1);
INSERT INTO "mk_model_tag" VALUES('e812a004ef958f8ca637a9c90943386b',6);
INSERT INTO "mk_model_tag" VALUES('e812a004ef958f8ca637a9c90943386b',7);
INSERT INTO "mk_model_tag" VALUES('d0db52860a963a405deb8dc674527d76',1);
INSERT INTO "mk_model_tag" VALUES('d0db52860a963a405deb8dc674527d76',6);
INSERT INTO "mk_model_tag" VALUES('d0db52860a963a405deb8dc674527d76',3);
INSERT INTO "mk_model_tag" VALUES('4e8f8e8b6c1e921742bffc4ff8749baf',1);
INSERT INTO "mk_model_tag" VALUES('4e8f8e8b6c1e921742bffc4ff8749baf',6);
INSERT INTO "mk_model_tag" VALUES('4e8f8e8b6c1e921742bffc4ff8749baf',4);
INSERT INTO "mk_model_tag" VALUES('115c4ebb8f6c6590beff25f33aacfd21',1);
INSERT INTO "mk_model_tag" VALUES('115c4ebb8f6c6590beff25f33aacfd21',8);
INSERT INTO "mk_model_tag" VALUES('115c4ebb8f6c6590beff25f33aacfd21',9);
INSERT INTO "mk_model_tag" VALUES('f6fcf77c62c157b057d7c0ba5fef5451',1);
INSERT INTO "mk_model_tag" VALUES('f6fcf77c62c157b057d7c0ba5fef5451',10);
INSERT INTO "mk_model_tag" VALUES('f6fcf77c62c157b057d7c0ba5fef5451',7);
INSERT INTO "mk_model_tag" VALUES('2e6532c8ea50508cc50f0dde2e1bb980',1);
INSERT INTO "mk_model_tag" VALUES('2e6532c8ea50508cc50f0dde2e1bb980',10);
INSERT INTO "mk_model_tag" VALUES('2e6532c8ea50508cc50f0dde2e1bb980',3);
INSERT INTO "mk_model_tag" VALUES('6b6dbea58c8c73acd83631cc8e36485b',1);
INSERT INTO "mk_model_tag" VALUES('6b6dbea58c8c73acd83631cc8e36485b',11);
INSERT INTO "mk_model_tag" VALUES('6b6dbea58c8c73acd83631cc8e36485b',5);
INSERT INTO "mk_model_tag" VALUES('f0498a2a9fefda3225bf2cd641edad5c',1);
INSERT INTO "mk_model_tag" VALUES('f0498a2a9fefda3225bf2cd641edad5c',12);
INSERT INTO "mk_model_tag" VALUES('f0498a2a9fefda3225bf2cd641edad5c',8);
INSERT INTO "mk_model_tag" VALUES('a6b109a32bfe4c452d156db858f5fafe',1);
INSERT INTO "mk_model_tag" VALUES('a6b109a32bfe4c452d156db858f5fafe',12);
INSERT INTO "mk_model_tag" VALUES('a6b109a32bfe4c452d156db858f5fafe',7);
INSERT INTO "mk_model_tag" VALUES('4c4b2b0036b4bb5962b4c6673e42bdf3',1);
INSERT INTO "mk_model_tag" VALUES('4c4b2b0036b4bb5962b4c6673e42bdf3',13);
INSERT INTO "mk_model_tag" VALUES('4c4b2b0036b4bb5962b4c6673e42bdf3',4);
INSERT INTO "mk_model_tag" VALUES('66a88ad10d9d102199434a6ba722c468',1);
INSERT INTO "mk_model_tag" VALUES('66a88ad10d9d102199434a6ba722c468',14);
INSERT INTO "mk_model_tag" VALUES('66a88ad10d9d102199434a6ba722c468',5);
INSERT INTO "mk_model_tag" VALUES('5d89a01bec7f77535a0ed990e82d9eea',1);
INSERT INTO "mk_model_tag" VALUES('5d89a01bec7f77535a0ed990e82d9eea',15);
INSERT INTO "mk_model_tag" VALUES('5d89a01bec7f77535a0ed990e82d9eea',8);
INSERT INTO "mk_model_tag" VALUES('eeeb331fd19df9a8b2da269f1404f9f5',1);
INSERT INTO "mk_model_tag" VALUES('eeeb331fd19df9a8b2da269f1404f9f5',3);
INSERT INTO "mk_model_tag" VALUES('eeeb331fd19df9a8b2da269f1404f9f5',16);
INSERT INTO "mk_model_tag" VALUES('04a623fdc0822549be620e4bc802057e',1);
INSERT INTO "mk_model_tag" VALUES('04a623fdc0822549be620e4bc802057e',4);
INSERT INTO "mk_model_tag" VALUES('04a623fdc0822549be620e4bc802057e',17);
INSERT INTO "mk_model_tag" VALUES('cec5de76a52e8a59a1136d5c6feb87ae',1);
INSERT INTO "mk_model_tag" VALUES('cec5de76a52e8a59a1136d5c6feb87ae',18);
INSERT INTO "mk_model_tag" VALUES('cec5de76a52e8a59a1136d5c6feb87ae',5);
INSERT INTO "mk_model_tag" VALUES('f3eee810c203bc4d4e5b16d6e672d300',1);
INSERT INTO "mk_model_tag" VALUES('f3eee810c203bc4d4e5b16d6e672d300',19);
INSERT INTO "mk_model_tag" VALUES('f3eee810c203bc4d4e5b16d6e672d300',7);
INSERT INTO "mk_model_tag" VALUES('8fa2d3cf5b0a6e0c80ed83117eeb8dbb',1);
INSERT INTO "mk_model_tag" VALUES('8fa2d3cf5b0a6e0c80ed83117eeb8dbb',3);
INSERT INTO "mk_model_tag" VALUES('8fa2d3cf5b0a6e0c80ed83117eeb8dbb',20);
CREATE TABLE mk_schema (
	version INTEGER NOT NULL, 
	written_by TEXT NOT NULL, 
	created_at FLOAT NOT NULL
);
INSERT INTO "mk_schema" VALUES(1,'modelkeep 0.1.0',1.79547756509154462817e+09);
CREATE TABLE mk_tag (
	id INTEGER NOT NULL, 
	text TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (text)
);
INSERT INTO "mk_tag" VALUES(1,'all');
INSERT INTO "mk_tag" VALUES(2,'main');
INSERT INTO "mk_tag" VALUES(3,'t1');
INSERT INTO "mk_tag" VALUES(4,'t2');
INSERT INTO "mk_tag" VALUES(5,'t3');
INSERT INTO "mk_tag" VALUES(6,'onnx');
INSERT INTO "mk_tag" VALUES(7,'t0');
INSERT INTO "mk_tag" VALUES(8,'t4');
INSERT INTO "mk_tag" VALUES(9,'vae');
INSERT INTO "mk_tag" VALUES(10,'controlnet');
INSERT INTO "mk_tag" VALUES(11,'control_lora');
INSERT INTO "mk_tag" VALUES(12,'embedding');
INSERT INTO "mk_tag" VALUES(13,'clip_vision');
INSERT INTO "mk_tag" VALUES(14,'t2i_adapter');
INSERT INTO "mk_tag" VALUES(15,'clip_embed');
INSERT INTO "mk_tag" VALUES(16,'text_encoder');
INSERT INTO "mk_tag" VALUES(17,'upscaler');
INSERT INTO "mk_tag" VALUES(18,'style_model');
INSERT INTO "mk_tag" VALUES(19,'hypernetwork');
INSERT INTO "mk_tag" VALUES(20,'unknown');
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
