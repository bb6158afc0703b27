// Starts the `vestibule` binary with an organisation of the test's own, and speaks to its test-control port.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stringify } from 'yaml';

const target = process.env.CARGO_TARGET_DIR ?? resolve(import.meta.dirname, '../../../target');
const binary = process.env.VESTIBULE ?? join(target, 'debug/vestibule');

/** The organisation file takes no anchors and aliases. */
const yaml = (value) => stringify(value, { aliasDuplicateObjects: false });

/** A port that no program listens on now. */
export async function freePort() {
  const probe = createServer();
  await new Promise((listening) => probe.listen(0, '127.0.0.1', listening));
  const { port } = probe.address();
  await new Promise((closed) => probe.close(closed));
  return port;
}

/**
 * Starts a server. `organisation` is an object of the organisation file's shape; without it the server has its demo organisation.
 * The result is an async disposable.
 */
export async function startServer(organisation) {
  if (!existsSync(binary)) throw new Error(`${binary} is missing: run "cargo build" first`);
  const [port, controlPort] = [await freePort(), await freePort()];
  const folder = mkdtempSync(join(tmpdir(), 'vestibule-'));
  const flags = ['--in-memory', '--port', port, '--test-control', controlPort];
  if (organisation) {
    writeFileSync(join(folder, 'organisation.yaml'), yaml(organisation));
    flags.push('--organisation', join(folder, 'organisation.yaml'));
  }
  const output = [];
  const child = spawn(binary, flags.map(String), { stdio: ['ignore', 'pipe', 'pipe'] });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => output.push(chunk.toString()));

  const server = {
    url: `http://localhost:${port}`,
    issuer: `http://localhost:${port}/oauth2/default`,
    output: () => output.join(''),

    /** All mail to an address, oldest first, with its code and link where it has them. */
    async mails(to) {
      const mails = await control(`/mails?to=${encodeURIComponent(to)}`);
      return mails.map((mail) => ({ ...mail, ...read(mail) }));
    },

    /** The `number`th mail to an address (1 is the first), as soon as it is there. */
    async mail(to, number = 1) {
      for (let tries = 0; tries < 100; tries += 1) {
        const mails = await server.mails(to);
        if (mails.length >= number) return mails[number - 1];
        await sleep(50);
      }
      throw new Error(`no mail number ${number} to ${to}`);
    },

    /** Moves the server's clock. */
    clock: (seconds) => control('/clock', JSON.stringify({ advance_s: seconds })),

    /** Puts another organisation into effect. */
    organisation: (changed) => control('/organisation', yaml(changed)),

    /** Everything stored. */
    dump: () => control('/dump'),

    async stop() {
      child.kill();
      if (child.exitCode === null) await new Promise((gone) => child.once('exit', gone));
      rmSync(folder, { recursive: true, force: true });
    },
  };

  async function control(path, body) {
    const answer = await fetch(`http://127.0.0.1:${controlPort}${path}`, body === undefined ? {} : { method: 'POST', body });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
    return text === '' ? undefined : JSON.parse(text);
  }

  for (let tries = 0; tries < 200; tries += 1) {
    if (child.exitCode !== null) break;
    try {
      const answer = await fetch(`${server.issuer}/.well-known/openid-configuration`);
      if (answer.ok) return server;
    } catch {
      // Not listening yet.
    }
    await sleep(50);
  }
  await server.stop();
  throw new Error(`the server did not start:\n${server.output()}`);
}

/** What a person would do with a mail: the code in bold after "enter this code:", the first link. */
export function read({ html }) {
  const code = /enter this code:\s*<b[^>]*>\s*([0-9]+)\s*<\/b>/i.exec(html)?.[1];
  const link = /<a\b[^>]*\bhref="([^"]+)"/i.exec(html)?.[1]?.replaceAll('&amp;', '&');
  return { code, link };
}
