// What all tests of a file share: a house and a browser, there once the hooks that run before tests have run.

import { after, before } from "node:test";
import { startHouse } from "./house.mjs";
import { openBrowser } from "./people.mjs";

export function openStage() {
  const stage = {};
  before(async () => {
    stage.house = await startHouse();
    stage.browser = await openBrowser();
  });
  after(async () => {
    await stage.browser?.close();
    await stage.house?.stop();
  });
  return stage;
}
