// SPDX-License-Identifier: Apache-2.0
// What the Node client of InfluxDB 1 does as a user, over TLS or without.
//   NODE_PATH=FOLDER node tests/wire/node_client.cjs PORT USER PASSWORD [CERTIFICATE]
const fs = require('fs');
const Influx = require('influx');

const [port, username, password, certificate] = process.argv.slice(2);
const database = 'node';

function client(user, secret) {
  const host = {host: '127.0.0.1', port: +port};
  if (certificate) {
    host.protocol = 'https';
    host.options = {ca: fs.readFileSync(certificate)};
  }
  return new Influx.InfluxDB({database, username: user, password: secret, hosts: [host]});
}

function expect(what, holds, got) {
  if (!holds) throw new Error(what + ': ' + JSON.stringify(got));
}

async function refused(what, promise, wording) {
  const error = await promise.then(() => 'it was done', (e) => String(e));
  expect(what, wording.test(error), error);
}

async function main() {
  const admin = client(username, password);
  await admin.createDatabase(database);
  await admin.createUser('nodereader', 'Secret-2');
  await admin.grantPrivilege('nodereader', 'READ', database);
  const points = [...Array(2000).keys()].map((n) => (
    {measurement: 'm', tags: {h: 'h' + n % 4}, fields: {v: n}, timestamp: n}));
  await admin.writePoints(points, {precision: 's'});
  const reader = client('nodereader', 'Secret-2');
  const rows = await reader.query('SELECT count(v) FROM m GROUP BY h');
  expect('counts', rows.groupRows.length === 4 && rows[0].count === 500, rows);
  await refused('a write', reader.writePoints(points.slice(0, 1)), /not authorized|403/);
  await refused('a drop', reader.dropDatabase(database), /admin privilege|403/);
  await refused('a wrong password', client('nodereader', 'x').query('SELECT v FROM m'),
                /authorization failed|401/);
  await admin.dropUser('nodereader');
  await admin.dropDatabase(database);
  console.log('PASS');
}

main().catch((e) => { console.log('FAIL', e); process.exit(1); });
