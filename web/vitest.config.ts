import { existsSync } from 'node:fs';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

// Without a Chromium only the tests that need no DOM run; in CI that is a failure, not a pass.
if (!existsSync(executablePath) && process.env.CHATKIT_HOST_REQUIRE_ALL === '1') {
  throw new Error(`No Chromium at ${executablePath}: the browser tests cannot run`);
}
if (!existsSync(executablePath)) {
  console.warn(`NOT RUN: the browser tests, because there is no Chromium at ${executablePath}`);
}

export default defineConfig({
  // Host: the tests and the page they run in never leave this machine.
  server: { host: '127.0.0.1' },
  test: {
    projects: [
      { test: { name: 'node', environment: 'node', include: ['test/{core,contract,resume}/**/*.test.ts'], testTimeout: 60_000 } },
      ...(existsSync(executablePath)
        ? [
            {
              // Found one by one while tests run, they would reload the page under them.
              optimizeDeps: { include: ['axe-core', 'highlight.js/lib/common', 'katex', 'lit', 'lit/async-directive.js', 'lit/directive.js', 'lit/directives/class-map.js', 'lit/directives/guard.js', 'lit/directives/keyed.js', 'lit/directives/live.js', 'lit/directives/repeat.js', 'marked'] },
              test: {
                name: 'browser',
                include: ['test/{md,widgets,icons,element}/**/*.test.ts'],
                testTimeout: 60_000,
                browser: {
                  enabled: true,
                  headless: true,
                  screenshotFailures: false,
                  instances: [{ browser: 'chromium' as const }],
                  provider: playwright({
                    launchOptions: {
                      executablePath,
                      args: [
                        '--no-sandbox',
                        '--disable-background-networking',
                        '--disable-component-update',
                        '--disable-sync',
                      ],
                    },
                  }),
                },
              },
            },
          ]
        : []),
    ],
  },
});
