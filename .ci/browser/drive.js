// Use the widgets of an open notebook as a person would: node drive.js CHROMIUM URL [FOLDER FOR PICTURES] [WIDTHxHEIGHT]
// Prints one line of JSON; any failed expectation is an exception.
const { chromium } = require("playwright-core");
const [browser, url, pictures, size = "1280x900"] = process.argv.slice(2);
const [width, height] = size.split("x").map(Number);
const flags = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
const expect = (ok, what) => { if (!ok) throw new Error(`expected: ${what}`); };

let page;
setTimeout(() => { console.error("Timeout: stopped after 400 s"); process.exit(1); }, 400000).unref();

async function main() {
  const app = await chromium.launch({ executablePath: browser, args: flags });
  page = await app.newPage({ viewport: { width, height } });
  page.setDefaultTimeout(180000);
  const cell = n => page.locator(".jp-Notebook .jp-CodeCell").nth(n);
  const shot = async (name, n) => { if (pictures) await cell(n).locator(".jp-OutputArea-output").first().screenshot({ path: `${pictures}/${name}.png` }); };
  // run cell n and wait until its number stands beside it
  const run = async n => {
    for (let tries = 0; tries < 10 && /\[ \]/.test(await cell(n).locator(".jp-InputPrompt").innerText()); tries++) { // a fresh kernel may lose the first request
      await cell(n).locator(".jp-InputPrompt").click();
      await page.keyboard.press("Shift+Enter");
      await page.waitForTimeout(700);
    }
    await page.waitForFunction(n => /\[\d+\]/.test(document.querySelectorAll(".jp-Notebook .jp-CodeCell")[n].querySelector(".jp-InputPrompt").textContent), n);
    await cell(n).locator(".jp-OutputArea-output").first().waitFor();
    expect(!(await cell(n).locator(".jp-RenderedText[data-mime-type='application/vnd.jupyter.stderr'], .jp-OutputArea-output[data-mime-type='application/vnd.jupyter.error']").count()), `cell ${n} without an error: ${await cell(n).innerText()}`);
    return cell(n).locator(".jp-OutputArea-output").last().innerText();
  };
  const text = (n, word) => cell(n).getByText(word, { exact: false });
  const changed = (n, at, old) => page.waitForFunction(
    ({ n, at, old }) => document.querySelectorAll(".jp-Notebook .jp-CodeCell")[n].querySelectorAll(".widget-html-content")[at].innerText !== old, { n, at, old }, { polling: 20 });

  await page.goto(url);
  await page.waitForSelector('.jp-Notebook-ExecutionIndicator[data-status="idle"]', { state: "attached" }); // hidden on a narrow page
  await page.addLocatorHandler(page.locator(".jp-Dialog .jp-mod-accept").first(), button => button.click()); // "Select Kernel", while the kernel is slow to start
  await run(0);

  // the playground: the keyboard moves a coefficient, text and gauge follow
  await run(1);
  const rested = () => page.waitForFunction(() => { // both texts are there, and nothing is at work
    const all = [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")[1].querySelectorAll(".widget-html-content")].map(e => e.innerText);
    return all.some(t => /^c = 0\s+\S/.test(t)) && all.some(t => /^steered\s+\S/.test(t)) && !all.some(t => t.startsWith("working"));
  });
  await rested();
  const html = cell(1).locator(".widget-html-content");
  const find = async word => { const all = await html.allInnerTexts(); return all.findIndex(t => t.includes(word)); };
  const at = { gauge: await find("log-ratio"), steered: await find("steered") };
  const before = { gauge: await html.nth(at.gauge).innerText(), steered: await html.nth(at.steered).innerText() };
  const handle = cell(1).locator(".noUi-handle").first();
  await handle.focus();
  const start = Date.now();
  for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowRight");
  const pressed = Date.now();
  await changed(1, at.steered, before.steered);
  const latency = Date.now() - pressed;
  await changed(1, at.gauge, before.gauge);
  expect((await handle.getAttribute("aria-valuenow")) === "2.0", "the slider at 2");
  await rested();
  const after = { gauge: await html.nth(at.gauge).innerText(), steered: await html.nth(at.steered).innerText() };
  await cell(1).getByRole("button", { name: "export as code" }).focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() => [...document.querySelectorAll("textarea")].some(t => t.value.includes("import steernb")));
  await shot("playground", 1);

  // a second message is answered beside the first; what was tried becomes a cell of a journal page
  const second = cell(1).getByPlaceholder("another message, to compare with");
  await second.fill("What is a lie?");
  await second.press("Tab");
  await page.waitForFunction(() => [...document.querySelectorAll(".jp-Notebook .jp-CodeCell")[1].querySelectorAll(".widget-html-content")].some(e => /^steered, second message\s+\S/.test(e.innerText)));
  await rested();
  await cell(1).getByText(/^history: \d+ settings/).waitFor();
  await cell(1).getByRole("button", { name: "history as a journal cell" }).focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() => [...document.querySelectorAll("textarea")].some(t => t.value.includes("replay(tried")));
  await second.fill("");
  await second.press("Tab");
  await rested();

  // the explorer: compute, take a cell of the map by keyboard, make a vector
  await run(2);
  await cell(2).getByRole("button", { name: "compute" }).focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(() => [...document.querySelectorAll('button[title="down of block 5"]')].some(b => /\d/.test(b.innerText)));
  await cell(2).locator('button[title="attn of block 2"]').focus();
  await page.keyboard.press("Space");
  await text(2, "logit lens").waitFor();
  await cell(2).getByRole("button", { name: "make vector" }).click();
  await text(2, "sn.train_vector").waitFor();
  await shot("explorer", 2);

  // rows; the playground's cell once more; the end
  await run(3);
  await text(3, "rose most").waitFor();
  await shot("rows", 3);

  // features: the page of the first latent, the next one by keyboard, and that one turned
  await run(4);
  await text(4, "never fire").waitFor();
  const first = await cell(4).locator("h2").innerText();
  await cell(4).getByRole("button", { name: "next" }).focus();
  await page.keyboard.press("Space");
  await page.waitForFunction(old => { const h = document.querySelectorAll(".jp-Notebook .jp-CodeCell")[4].querySelector("h2"); return h && h.innerText !== old; }, first);
  await cell(4).locator(".noUi-handle").focus();
  for (let i = 0; i < 20; i++) await page.keyboard.press("ArrowRight");
  await text(4, "c = +2.0").waitFor();
  await shot("features", 4);
  await cell(1).locator(".jp-InputPrompt").click();
  const number = await cell(1).locator(".jp-InputPrompt").innerText();
  await page.keyboard.press("Shift+Enter");
  await page.waitForFunction(old => !["[*]:", old].includes(document.querySelectorAll(".jp-Notebook .jp-CodeCell")[1].querySelector(".jp-InputPrompt").innerText), number);
  await rested();
  const told = await run(5), closed = await run(6);
  expect(told.includes("model.layers.2.self_attn"), `a vector, not ${told}`);
  expect(told.includes("closed by the second run: True"), `the first playground closed, not ${told}`);
  expect(closed.includes("bit-identical: True"), `unchanged logits, not ${closed}`);
  expect(await cell(1).locator(".noUi-handle").count() === 0, "no slider after closing");
  expect(after.steered !== before.steered && after.gauge !== before.gauge, "another text and another gauge");
  console.log(JSON.stringify({ before, after, latency, pressing: pressed - start, closed }));
  await app.close();
}
main().catch(async e => {
  if (pictures && page) await page.screenshot({ path: `${pictures}/failed.png` });
  console.error(e.stack || e);
  process.exit(1);
});
