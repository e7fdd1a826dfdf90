// One login, one operation: node ask.mjs LOGIN.json OPERATION ARGUMENT...
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import SftpClient from "ssh2-sftp-client";

const [loginFile, operation, ...words] = process.argv.slice(2);
const login = JSON.parse(readFileSync(loginFile));

function isTrusted(hostKey) {
  const digest = createHash("sha256").update(hostKey).digest("base64").replace(/=+$/, "");
  return `SHA256:${digest}` === login.fingerprint;
}

const operations = {
  put: (sftp, local, remote) => sftp.put(local, remote),
  get: (sftp, remote, local) => sftp.get(remote, local),
  names: async (sftp, folder) => (await sftp.list(folder)).map((entry) => entry.name),
  mkdir: (sftp, folder) => sftp.mkdir(folder),
  rmdir: (sftp, folder) => sftp.rmdir(folder),
  remove: (sftp, remote) => sftp.delete(remote),
  rename: (sftp, from, to) => sftp.rename(from, to),
  append: (sftp, local, remote) => sftp.append(readFileSync(local), remote),
  putAll: async (sftp, folder, ...files) => {
    for (const file of files) await sftp.put(file, `${folder}/${file.split("/").pop()}`);
  },
  putTree: (sftp, local, remote) => sftp.uploadDir(local, remote),
};

const sftp = new SftpClient();
try {
  await sftp.connect({
    host: login.host,
    port: login.port,
    username: login.user,
    privateKey: readFileSync(login.key),
    hostVerifier: isTrusted,
  });
  console.log(JSON.stringify(await operations[operation](sftp, ...words)));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  await sftp.end();
}
