-- A database as the first version left it: schema 0001, five orders on their way. Recorded, not
-- generated: what was written then must be read now. 1001 was never sent, 1002 is in the hand
-- of a worker that died, 1003 was confirmed by a broker, 1004 was set aside, 1005 failed twice.
-- The fact of 1001 lacks every field that may lack; that of 1002 has one from a newer version.
UPDATE meta SET valor = '4820b40fa0be' WHERE chave = 'epoca';
INSERT INTO produtos VALUES ('ARROZ-5KG', 'Arroz 5 kg', 2590, NULL, NULL, NULL, 1732449600000);
INSERT INTO estoque VALUES ('ARROZ-5KG', '1', 40, 5, 1732449600000, 1732449600000);
INSERT INTO movimentos VALUES (1, 'ARROZ-5KG', '1', 40, 40, 'abertura', NULL, NULL, 'importação', 'PONTE_API_KEY', 1732449600000, NULL);
INSERT INTO pedidos VALUES (1001, '01935e0a-0001-7000-8000-000000001001', 'api', 'A-1', '1', NULL, 'recebido', 5180, NULL, NULL, NULL, NULL, NULL, NULL, 1732449601000, 1732449601000);
INSERT INTO pedidos VALUES (1002, '01935e0a-0001-7000-8000-000000001002', 'api', NULL, '1', NULL, 'recebido', 2590, NULL, NULL, NULL, NULL, NULL, NULL, 1732449602000, 1732449602000);
INSERT INTO pedidos VALUES (1003, '01935e0a-0001-7000-8000-000000001003', 'api', NULL, '1', NULL, 'recebido', 2590, NULL, NULL, NULL, NULL, NULL, NULL, 1732449603000, 1732449603000);
INSERT INTO pedidos VALUES (1004, '01935e0a-0001-7000-8000-000000001004', 'api', NULL, '1', NULL, 'recebido', 2590, NULL, NULL, NULL, NULL, NULL, NULL, 1732449604000, 1732449604000);
INSERT INTO pedidos VALUES (1005, '01935e0a-0001-7000-8000-000000001005', 'api', NULL, '1', NULL, 'recebido', 2590, NULL, NULL, NULL, NULL, NULL, NULL, 1732449605000, 1732449605000);
INSERT INTO itens VALUES (1001, 1, 'ARROZ-5KG', 'ARROZ-5KG', 'Arroz 5 kg', 2, 2590, NULL, NULL);
INSERT INTO itens VALUES (1002, 1, 'ARROZ-5KG', 'ARROZ-5KG', 'Arroz 5 kg', 1, 2590, NULL, NULL);
INSERT INTO itens VALUES (1003, 1, 'ARROZ-5KG', 'ARROZ-5KG', 'Arroz 5 kg', 1, 2590, NULL, NULL);
INSERT INTO itens VALUES (1004, 1, 'ARROZ-5KG', 'ARROZ-5KG', 'Arroz 5 kg', 1, 2590, NULL, NULL);
INSERT INTO itens VALUES (1005, 1, 'ARROZ-5KG', 'ARROZ-5KG', 'Arroz 5 kg', 1, 2590, NULL, NULL);
INSERT INTO fatos VALUES (1, '01935e0a-0002-7000-8000-000000000001', 'estoque.alterado', 'ARROZ-5KG@1', 1732449600000, '{"produto_id":"ARROZ-5KG","filial_id":"1","nome":"Arroz 5 kg","preco":"25.90","quantidade":40,"minimo":5,"baixo":false,"em":"2024-11-24T12:00:00.000Z","antes":0,"origem":"abertura"}', 1, 1, 1, NULL);
INSERT INTO fatos VALUES (2, '01935e0a-0002-7000-8000-000000001001', 'pedido.recebido', '01935e0a-0001-7000-8000-000000001001', 1732449601000, '{"pedido_id":"01935e0a-0001-7000-8000-000000001001","numero":1001,"canal":"api","filial_id":"1","total":"51.80","itens":[{"linha":1,"produto_id":"ARROZ-5KG","quantidade":2}],"em":"2024-11-24T12:00:01.000Z"}', 2, 2, NULL, NULL);
INSERT INTO fatos VALUES (3, '01935e0a-0002-7000-8000-000000001002', 'pedido.recebido', '01935e0a-0001-7000-8000-000000001002', 1732449602000, '{"pedido_id":"01935e0a-0001-7000-8000-000000001002","numero":1002,"canal":"api","filial_id":"1","total":"25.90","itens":[{"linha":1,"produto_id":"ARROZ-5KG","quantidade":1,"novo":"x"}],"em":"2024-11-24T12:00:02.000Z","pedido_externo":null,"loja_externa":null,"prazo_aceite_ms":null,"campo_novo":{"a":[1]}}', 3, 3, NULL, NULL);
INSERT INTO fatos VALUES (4, '01935e0a-0002-7000-8000-000000001003', 'pedido.recebido', '01935e0a-0001-7000-8000-000000001003', 1732449603000, '{"pedido_id":"01935e0a-0001-7000-8000-000000001003","numero":1003,"canal":"api","filial_id":"1","total":"25.90","itens":[{"linha":1,"produto_id":"ARROZ-5KG","quantidade":1}],"em":"2024-11-24T12:00:03.000Z","pedido_externo":null,"loja_externa":null,"prazo_aceite_ms":null}', 4, 4, NULL, NULL);
INSERT INTO fatos VALUES (5, '01935e0a-0002-7000-8000-000000001004', 'pedido.recebido', '01935e0a-0001-7000-8000-000000001004', 1732449604000, '{"pedido_id":"01935e0a-0001-7000-8000-000000001004","numero":1004,"canal":"api","filial_id":"1","total":"25.90","itens":[{"linha":1,"produto_id":"ARROZ-5KG","quantidade":1}],"em":"2024-11-24T12:00:04.000Z","pedido_externo":null,"loja_externa":null,"prazo_aceite_ms":null}', 5, 5, NULL, NULL);
INSERT INTO fatos VALUES (6, '01935e0a-0002-7000-8000-000000001005', 'pedido.recebido', '01935e0a-0001-7000-8000-000000001005', 1732449605000, '{"pedido_id":"01935e0a-0001-7000-8000-000000001005","numero":1005,"canal":"api","filial_id":"1","total":"25.90","itens":[{"linha":1,"produto_id":"ARROZ-5KG","quantidade":1}],"em":"2024-11-24T12:00:05.000Z","pedido_externo":null,"loja_externa":null,"prazo_aceite_ms":null}', 6, 6, NULL, NULL);
INSERT INTO fila VALUES (1, 2, 'atender', 'pedidos', '01935e0a-0001-7000-8000-000000001001', 1732449601000, NULL, 0, 0, NULL, NULL, NULL, NULL);
INSERT INTO fila VALUES (2, 3, 'atender', 'pedidos', '01935e0a-0001-7000-8000-000000001002', 1732449602000, NULL, 1, 0, '01935e0a-0003-7000-8000-000000000001', 1732449632000, '01935e0a-0004-7000-8000-000000000001', NULL);
INSERT INTO fila VALUES (3, 4, 'atender', 'pedidos', '01935e0a-0001-7000-8000-000000001003', 1732449603000, 1732449603500, 0, 0, NULL, NULL, NULL, NULL);
INSERT INTO falhas VALUES ('01935e0a-0005-7000-8000-000000000001', 4, 5, 'atender', 'pedidos', '01935e0a-0001-7000-8000-000000001004', 5, 'atender: RuntimeError', 'RuntimeError: recorded', '[{"em":"2024-11-24T12:00:06.000Z","erro":"RuntimeError: recorded"}]', 1, 'aberta', NULL, 1732449606000, 1732449606000);
INSERT INTO fila VALUES (5, 6, 'atender', 'pedidos', '01935e0a-0001-7000-8000-000000001005', 1732449615000, NULL, 2, 0, NULL, NULL, NULL, '[{"em":"2024-11-24T12:00:07.000Z","erro":"TimeoutError: recorded"}]');
INSERT INTO instancias VALUES ('01935e0a-0004-7000-8000-000000000001', 'worker', 'antiga', 4242, 1732449600000, 1732449602000);
