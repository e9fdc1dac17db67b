// What all tests of a file share: a house, a browser, and what `setUp` makes of them. Hooks of one file do not wait for each
// other, so all of it is in one.

import { after, before } from "node:test";
import { startHouse } from "./house.mjs";
import { openBrowser } from "./people.mjs";

export function openStage(setUp = async () => {}) {
  const stage = {};
  before(async () => {
    stage.house = await startHouse();
    stage.browser = await openBrowser();
    await setUp(stage);
  });
  after(async () => {
    await stage.browser?.close();
    await stage.house?.stop();
  });
  return stage;
}
