BEGIN TRANSACTION;
CREATE TABLE attempts (
	id INTEGER NOT NULL, 
	task INTEGER NOT NULL, 
	sample INTEGER NOT NULL, 
	iteration INTEGER NOT NULL, 
	verdict VARCHAR(32) NOT NULL, 
	public_verdict VARCHAR(32), 
	seed BIGINT, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	generation_seconds FLOAT NOT NULL, 
	execution_seconds FLOAT NOT NULL, 
	cpu_seconds FLOAT, 
	wall_seconds FLOAT, 
	repeat_of VARCHAR(24), 
	examples VARCHAR, 
	helper_prompt_tokens INTEGER, 
	helper_completion_tokens INTEGER, 
	finish_reason TEXT NOT NULL, 
	mode VARCHAR(16) NOT NULL, 
	message TEXT NOT NULL, 
	stdout TEXT NOT NULL, 
	stderr TEXT NOT NULL, 
	public_details TEXT, 
	solution TEXT, 
	completion TEXT NOT NULL, 
	reasoning TEXT NOT NULL, 
	messages TEXT NOT NULL, 
	extra TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (task, sample, iteration), 
	FOREIGN KEY(task) REFERENCES tasks (id) ON DELETE CASCADE
);
INSERT INTO "attempts" VALUES(1,1,0,0,'syntax',NULL,0,100,20,1.5,0.25,NULL,NULL,NULL,NULL,NULL,NULL,'stop','split','assert 1 == 2','out','err',NULL,'def f(): return 0, 0
','```python
def f(): return 0, 0
```','','[{"content":"Write f.","role":"user"}]','{}');
INSERT INTO "attempts" VALUES(2,1,0,1,'passed',NULL,1,100,20,1.5,0.25,NULL,NULL,NULL,NULL,NULL,NULL,'stop','split','','out','err',NULL,'def f(): return 0, 1
','```python
def f(): return 0, 1
```','','[{"content":"Write f.","role":"user"}]','{}');
CREATE TABLE choices (
	id INTEGER NOT NULL, 
	task INTEGER NOT NULL, 
	"by" VARCHAR(16) NOT NULL, 
	sample INTEGER, 
	passed BOOLEAN NOT NULL, 
	reason TEXT NOT NULL, 
	executions INTEGER NOT NULL, 
	execution_seconds FLOAT NOT NULL, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	generation_seconds FLOAT NOT NULL, 
	details TEXT NOT NULL, 
	PRIMARY KEY (id), 
	UNIQUE (task, "by"), 
	FOREIGN KEY(task) REFERENCES tasks (id) ON DELETE CASCADE
);
CREATE TABLE mcode_schema (
	version INTEGER NOT NULL, 
	PRIMARY KEY (version)
);
INSERT INTO "mcode_schema" VALUES(7);
CREATE TABLE runs (
	run_id VARCHAR(64) NOT NULL, 
	config_key VARCHAR(64) NOT NULL, 
	benchmark TEXT NOT NULL, 
	dataset TEXT NOT NULL, 
	split TEXT NOT NULL, 
	dataset_fingerprint VARCHAR(64) NOT NULL, 
	tasks_total INTEGER NOT NULL, 
	tasks_planned INTEGER, 
	planned_by_test TEXT, 
	model TEXT, 
	backend TEXT NOT NULL, 
	samples INTEGER NOT NULL, 
	all_samples BOOLEAN NOT NULL, 
	debug_iters INTEGER NOT NULL, 
	timeout FLOAT, 
	retrieval BOOLEAN NOT NULL, 
	prompt_hash VARCHAR(64) NOT NULL, 
	model_digest TEXT, 
	status VARCHAR(32) NOT NULL, 
	started_at VARCHAR(40) NOT NULL, 
	finished_at VARCHAR(40), 
	settings TEXT NOT NULL, 
	model_info TEXT NOT NULL, 
	environment TEXT NOT NULL, 
	harness VARCHAR(64) DEFAULT 'functions' NOT NULL, 
	tags TEXT DEFAULT '' NOT NULL, 
	note TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (run_id)
);
INSERT INTO "runs" VALUES('run-1','4431758e72ad9f2312744fb16d59843372cedb1adefab3a0ee3491d17864ea34','humaneval','data/HumanEval.jsonl.gz','test','a44c30c862cc3f9d46b133539436e8251f1fe71a4998e1343f2b776f95130d2f',164,2,NULL,'granite4:3b','ollama',1,0,0,60.0,0,'pppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppppp','sha256:abc','finished','2026-08-01T10:00:00+00:00','2026-12-01T00:49:06+00:00','{"all_samples":false,"backend":"ollama","benchmark":"humaneval","debug_iters":0,"model":"granite4:3b","retrieval":false,"samples":1,"seed":0,"timeout":60.0}','{"quantization":"Q4_K_M"}','{"host":"box","pytest-mcode":"0.1.0"}','functions','','');
CREATE TABLE shards (
	run_id VARCHAR(64) NOT NULL, 
	shard INTEGER NOT NULL, 
	shards INTEGER NOT NULL, 
	planned INTEGER, 
	status VARCHAR(32) NOT NULL, 
	started_at VARCHAR(40) NOT NULL, 
	finished_at VARCHAR(40), 
	environment TEXT NOT NULL, 
	holder TEXT, 
	held_until VARCHAR(40), 
	PRIMARY KEY (run_id, shard), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "shards" VALUES('run-1',1,1,NULL,'finished','2026-12-01T00:49:06+00:00','2026-12-01T00:49:06+00:00','{}',NULL,NULL);
CREATE TABLE tasks (
	id INTEGER NOT NULL, 
	run_id VARCHAR(64) NOT NULL, 
	test TEXT NOT NULL, 
	task_id TEXT NOT NULL, 
	task_fingerprint VARCHAR(64) NOT NULL, 
	status VARCHAR(16) NOT NULL, 
	seconds FLOAT NOT NULL, 
	recorded_at VARCHAR(40) NOT NULL, 
	attempts INTEGER NOT NULL, 
	samples INTEGER NOT NULL, 
	samples_passed INTEGER NOT NULL, 
	first_passed INTEGER NOT NULL, 
	first_attempt_passed BOOLEAN, 
	distinct_solutions INTEGER NOT NULL, 
	verdict VARCHAR(32), 
	public_passed INTEGER NOT NULL, 
	false_positives INTEGER NOT NULL, 
	prompt_tokens INTEGER, 
	completion_tokens INTEGER, 
	generation_seconds FLOAT NOT NULL, 
	execution_seconds FLOAT NOT NULL, 
	passed_in_process INTEGER DEFAULT '0' NOT NULL, 
	repeats INTEGER, 
	repeat_tokens INTEGER, 
	helper_prompt_tokens INTEGER, 
	helper_completion_tokens INTEGER, 
	tags TEXT NOT NULL, 
	error TEXT NOT NULL, 
	PRIMARY KEY (id), 
	CHECK (status IN ('solved', 'unsolved', 'infra')), 
	UNIQUE (run_id, test, task_id), 
	FOREIGN KEY(run_id) REFERENCES runs (run_id)
);
INSERT INTO "tasks" VALUES(1,'run-1','test_task','HumanEval/0','5feceb66ffc86f38d952786c6d696c79c2dbc239dd4e91b46729d73a27fb57e9','solved',4.0,'2026-12-01T00:49:06+00:00',2,1,1,0,0,1,'passed',0,0,200,40,3.0,0.5,0,0,0,NULL,NULL,'[]','');
INSERT INTO "tasks" VALUES(2,'run-1','test_task','HumanEval/1','6b86b273ff34fce19d6b804eff5a3f5747ada4eaa22f1d49c01e52ddb7875b4b','infra',0.0,'2026-12-01T00:49:06+00:00',0,0,0,0,NULL,0,NULL,0,0,NULL,NULL,0.0,0.0,0,0,0,NULL,NULL,'[]','gone');
CREATE INDEX runs_by_config ON runs (config_key);
CREATE INDEX runs_by_start ON runs (started_at);
CREATE INDEX tasks_by_status ON tasks (run_id, test, status);
CREATE INDEX attempts_passed_in_containers ON attempts (task) WHERE mode = 'container' AND verdict = 'passed';
COMMIT;
