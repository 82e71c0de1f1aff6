// The script of the console: it keeps an open page up to date, and sends what buttons and
// forms ask for. Pages are readable without it. All HTML comes from the relay.

const trusted = window.trustedTypes?.createPolicy('sidehook', { createHTML: (html) => html }) ?? { createHTML: (html) => html };

const $ = (selector, within = document) => within.querySelector(selector);
const $$ = (selector, within = document) => [...within.querySelectorAll(selector)];

// element makes an element with properties and what is in it.
function element(name, properties = {}, ...inside) {
  const made = Object.assign(document.createElement(name), properties);
  made.append(...inside);
  return made;
}

// fragment reads HTML of the relay, also rows without their table.
function fragment(html) {
  const template = document.createElement('template');
  template.innerHTML = trusted.createHTML(html);
  return template.content;
}

// say shows a short message, which screen readers read out.
let saying;
function say(text) {
  clearTimeout(saying);
  $('#said').textContent = text;
  saying = setTimeout(() => { $('#said').textContent = ''; }, 8000);
}

// ---- An open page stays up to date ----

// morph makes the children of one element those of another. It keeps elements that stay,
// so that focus, selection, checked boxes and what is open survive.
function morph(now, next) {
  const keyed = new Map([...now.children].filter((child) => child.id).map((child) => [child.id, child]));
  let at = now.firstChild;
  for (const wanted of [...next.childNodes]) {
    let have = wanted.id ? keyed.get(wanted.id) : at;
    if (have?.id && have.id !== wanted.id) have = null;
    if (!have || have.nodeName !== wanted.nodeName) {
      now.insertBefore(wanted, at);
      continue;
    }
    if (have === at) at = at.nextSibling; else now.insertBefore(have, at);
    if (have.nodeType !== Node.ELEMENT_NODE) {
      if (have.data !== wanted.data) have.data = wanted.data;
      continue;
    }
    for (const { name } of [...have.attributes]) {
      if (!wanted.hasAttribute(name) && name !== 'open') have.removeAttribute(name);
    }
    for (const { name, value } of wanted.attributes) {
      if (name !== 'open' && have.getAttribute(name) !== value) have.setAttribute(name, value);
    }
    if (!have.isEqualNode(wanted)) morph(have, wanted);
  }
  while (at) {
    const next = at.nextSibling;
    at.remove();
    at = next;
  }
}

const page = document.body.dataset.live;
let newest = document.body.dataset.newest;
let waiting = []; // rows that are not inserted yet, newest first
let paused = false;

// linked shows how the page hears of changes: live, polling or lost.
function linked(state, text = state) {
  const link = $('#link');
  if (link.dataset.state !== state) {
    link.dataset.state = state;
    link.textContent = text;
  }
}

function hear(news) {
  if (news.status) morph($('#status'), fragment(news.status));
  for (const [id, html] of Object.entries(news.parts ?? {})) {
    const part = document.getElementById(id);
    if (part) morph(part, fragment(html));
  }
  newest = news.newest;
  if (news.rows) {
    const fresh = [...fragment(news.rows).children].filter((row) => !renewed(row));
    waiting = [...fresh, ...waiting].slice(0, 200);
  }
  if (waiting.length && !paused && atTop()) insertRows(); else countRows();
}

// renewed changes a row that the page has, or that waits. It reports false if there is none.
function renewed(row) {
  const have = document.getElementById(row.id) ?? waiting.find((one) => one.id === row.id);
  if (have && !have.isEqualNode(row)) morph(have, row);
  return Boolean(have);
}

// atTop reports whether one sees where new rows are inserted.
const atTop = () => scrollY < 80 || ($('#rows')?.getBoundingClientRect().top ?? -1) >= 0;

// insertRows puts new rows on top, and drops the oldest of a long page.
function insertRows() {
  const rows = $('#rows');
  if (!rows) return;
  waiting.forEach((row) => row.classList.add('fresh'));
  rows.prepend(...waiting);
  waiting = [];
  [...rows.children].slice(100).forEach((row) => row.remove());
  $('#no-rows')?.remove();
  countRows();
}

// countRows says how many rows wait to be inserted, so that nothing jumps.
function countRows() {
  const button = $('#new-rows');
  if (!button) return;
  button.hidden = waiting.length === 0;
  button.textContent = `${waiting.length} new`;
}

function liveURL() {
  return `/live?${new URLSearchParams({ page, after: newest })}`;
}

function stream() {
  const source = new EventSource(liveURL());
  source.onmessage = (message) => {
    linked('live');
    hear(JSON.parse(message.data));
  };
  source.onerror = () => {
    source.close();
    poll(0);
  };
}

// poll asks for news now and then, and tries to stream again.
async function poll(times) {
  let found = false;
  try {
    const answer = await fetch(liveURL(), { headers: { Accept: 'application/json' } });
    if (answer.status === 401) {
      linked('lost', 'session ended');
      location.reload(); // the page to sign in stands at the same address
      return;
    }
    found = answer.ok;
    if (found) hear(await answer.json());
  } catch { /* the relay cannot be reached */ }
  if (found && ($('#link').dataset.state === 'lost' || times >= 10)) {
    stream();
    return;
  }
  linked(found ? 'polling' : 'lost', found ? 'polling' : 'lost; trying again');
  setTimeout(poll, 2000, found ? times + 1 : 0);
}

if (page) stream();

addEventListener('scroll', () => {
  if (waiting.length && !paused && atTop()) insertRows();
}, { passive: true });

// ---- Changes ----

// change asks the relay for one, and returns its answer. The key is kept by this origin
// alone, unlike the cookie.
async function change(name, body) {
  let answer;
  try {
    answer = await fetch(`/do/${name}`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Sidehook-Key': localStorage.getItem('sidehook-key') ?? '' },
      body: JSON.stringify(body),
    });
  } catch {
    return { ok: false, detail: 'sidehook cannot be reached; nothing was changed.' };
  }
  const said = await answer.json().catch(() => ({}));
  return { ...said, ok: answer.ok, status: answer.status };
}

// settle shows what came of a change.
function settle(result) {
  if (result.location) location.assign(result.location);
  else if (result.html) open(result.html);
  else if (result.problems) say(result.problems.map(sentenceOf).join(' '));
  else say(result.message ?? result.detail ?? (result.ok ? 'Done.' : 'This did not work.'));
  return result.ok;
}

// confirmed asks before a change that matters.
function confirmed(question, verb) {
  return new Promise((resolve) => {
    const dialog = element('dialog', { ariaLabel: question },
      element('form', { method: 'dialog' },
        element('p', { textContent: question }),
        element('div', { className: 'actions' },
          element('button', { textContent: verb, value: 'yes', className: 'danger' }),
          element('button', { textContent: 'Keep', value: '', className: 'quiet' }))));
    dialog.addEventListener('close', () => {
      dialog.remove();
      resolve(dialog.returnValue === 'yes');
    });
    document.body.append(dialog);
    dialog.showModal();
  });
}

// act makes the change that a button names: data-do, with the JSON of data-body, after
// the question of data-confirm.
async function act(button) {
  const { do: name, body = '{}', confirm, verb = button.textContent.trim() } = button.dataset;
  if (confirm && !await confirmed(confirm, verb)) return;
  button.disabled = true;
  settle(await change(name, JSON.parse(body)));
  button.disabled = false;
}

// A form with data-do sends its fields as the JSON of a change. What is wrong stands in
// its element .fault.
addEventListener('submit', async (event) => {
  const form = event.target.closest('form[data-do]');
  if (!form) return;
  event.preventDefault();
  const button = $('button', form);
  const wrong = $('.fault', form);
  button.disabled = true;
  const result = await change(form.dataset.do, Object.fromEntries(new FormData(form)));
  button.disabled = false;
  wrong.hidden = result.ok;
  wrong.textContent = result.ok ? '' : result.detail ?? 'This did not work.';
  if (result.ok) settle(result);
});

addEventListener('click', (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.do) act(button);
  if (button.id === 'new-rows') {
    insertRows();
    scrollTo({ top: 0 });
  }
  if (button.id === 'pause') {
    paused = !paused;
    button.setAttribute('aria-pressed', paused);
    button.textContent = paused ? 'Resume' : 'Pause';
    if (!paused && waiting.length && atTop()) insertRows();
  }
});

// open shows HTML of the relay in a dialog, in place of one that is open.
function open(html) {
  const dialog = $('dialog[open]') ?? document.body.appendChild(element('dialog'));
  dialog.replaceChildren(fragment(html));
  dialog.addEventListener('close', () => dialog.remove());
  if (!dialog.open) dialog.showModal();
}

// copy copies the text of an element.
async function copy(from) {
  try {
    await navigator.clipboard.writeText(from.textContent);
    say('Copied.');
  } catch {
    say('The browser does not let this page copy.');
  }
}

addEventListener('click', async (event) => {
  const button = event.target.closest('button');
  if (!button) return;
  if (button.dataset.copy) copy($(`#${button.dataset.copy}`));
  if (button.dataset.menu) openMenu(button);
  if (button.dataset.yaml) copy($('#yaml', fragment(await (await fetch(button.dataset.yaml, { headers: { Accept: 'text/html' } })).text())));
  if (button.dataset.close !== undefined) button.closest('dialog').close();
  if (button.dataset.remove !== undefined) { // of one row, or of those that are checked
    const webhooks = button.dataset.remove ? [button.dataset.remove] : picked().map((box) => box.value);
    settle(await change('ask-remove', { webhooks }));
  }
});

const picked = () => $$('input[name="webhook"]:checked');

addEventListener('change', ({ target }) => {
  if (target.dataset.all !== undefined) $$('input[name="webhook"]').forEach((box) => { box.checked = target.checked; });
  const remove = $('[data-remove=""]');
  if (remove) remove.disabled = picked().length === 0;
});

// ---- The menu of a row ----

// menuOf returns the entries of the menu of a webhook: a path to go to, or what buttons
// have in their dataset.
function menuOf(name, state) {
  const at = `/webhooks/${encodeURIComponent(name)}`;
  const act = (make, more) => ({ do: make, body: JSON.stringify({ webhook: name, ...more }) });
  if (state === 'orphaned') return [['Show what waits', at], ['Retry now', act('retry')]];
  return [
    ['Edit', `${at}/edit`],
    ['Test', act('test')],
    ['Retry now', act('retry')],
    state === 'disabled' ? ['Enable', act('enable')] : state === 'off' ? ['Enable', act('switch', { to: 'on' })] : ['Disable', act('switch', { to: 'off' })],
    state === 'paused' ? ['Resume', act('switch', { to: 'resume' })] : ['Pause', act('switch', { to: 'pause' })],
    ['Copy as YAML', { yaml: `${at}/yaml` }],
    ['Delete', { remove: name }],
  ];
}

function openMenu(button) {
  const menu = element('div', { className: 'menu', popover: 'auto', role: 'menu', ariaLabel: button.ariaLabel });
  for (const [text, what] of menuOf(button.dataset.menu, button.dataset.state)) {
    const link = typeof what === 'string';
    const entry = element(link ? 'a' : 'button', { textContent: text, role: 'menuitem', tabIndex: -1 });
    if (link) entry.href = what;
    else {
      Object.assign(entry.dataset, what);
      entry.disabled = !what.yaml && document.body.dataset.edit === undefined;
    }
    menu.append(entry);
  }
  menu.addEventListener('toggle', ({ newState }) => {
    if (newState === 'closed') menu.remove();
  });
  menu.addEventListener('click', () => {
    button.focus();
    menu.hidePopover();
  });
  menu.addEventListener('keydown', (event) => {
    const entries = $$(':enabled, a', menu);
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -entries.indexOf(document.activeElement), End: entries.length - 1 - entries.indexOf(document.activeElement) }[event.key];
    if (step === undefined) return;
    event.preventDefault();
    entries.at((entries.indexOf(document.activeElement) + step) % entries.length).focus();
  });
  document.body.append(menu);
  menu.showPopover();
  const place = button.getBoundingClientRect();
  menu.style.top = `${Math.max(scrollY + 8, Math.min(place.bottom, innerHeight - menu.offsetHeight - 8) + scrollY)}px`;
  menu.style.left = `${Math.max(8, place.right - menu.offsetWidth) + scrollX}px`;
  $(':enabled, a', menu).focus({ preventScroll: true });
}

// ---- The form of a webhook ----

const form = $('form[data-review]');

function sentenceOf({ key, message, hint }) {
  const text = hint ? `${message}; ${hint}` : message;
  return key ? text : `${text[0].toUpperCase()}${text.slice(1)}.`;
}

// blame says what is wrong at the controls that caused it, and goes to the first of them.
function blame(problems) {
  $$('.problem', form).forEach((place) => { place.hidden = true; place.textContent = ''; });
  $$('[aria-invalid]', form).forEach((control) => control.removeAttribute('aria-invalid'));
  for (const problem of problems) {
    const [key, ...inner] = problem.key.split('.');
    const place = $(`[data-key="${CSS.escape(key)}"]`, form) ?? $('[data-key=""]', form);
    const said = $('.problem', place);
    const of = inner.join('.') || (key && place.dataset.key === '' ? key : '');
    said.append(element('span', { textContent: (of && `${of}: `) + sentenceOf(problem) }));
    said.hidden = false;
    const named = $$('[name="header-name"]', place).find((name) => name.value.trim() === inner.join('.'));
    const control = named?.nextElementSibling ?? $('input:not([type="radio"]):not([type="checkbox"]), textarea, select', place);
    control?.setAttribute('aria-invalid', 'true');
    if (place.closest('details')) place.closest('details').open = true;
  }
  const first = $('[aria-invalid]', form) ?? $('.problem:not([hidden])', form);
  first?.focus();
  first?.scrollIntoView({ block: 'center' });
}

// send sends all fields of the form, to be reviewed or saved.
async function send(name, button, more) {
  const fields = {};
  for (const [field, value] of new FormData(form)) (fields[field] ??= []).push(value);
  button.disabled = true;
  const result = await change(name, { webhook: form.dataset.review, base: form.dataset.base, fields, ...more });
  button.disabled = false;
  blame(result.problems ?? (result.ok ? [] : [{ key: '', message: result.detail ?? 'This did not work' }]));
  if (!result.html) {
    if (result.ok) settle(result);
    return;
  }
  $('#review').replaceChildren(fragment(result.html));
  form.hidden = name === 'save'; // what is shown is shown once
  $('#review').focus();
  $('#review').scrollIntoView({ block: 'start' });
}

if (form) {
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    send('review', $('[type="submit"]', form), {});
  });
  form.addEventListener('input', ({ target }) => {
    $('#review').replaceChildren(); // it was of what the form was before
    if (target.dataset.of) $(`[name="secret"][value="${target.dataset.of}"]`, form).checked = true;
  });
  addEventListener('click', ({ target }) => {
    if (target.dataset.save) send('save', target, { reviewed: target.dataset.save });
    if (target.dataset.more !== undefined) {
      const rows = $$('.header', form);
      const row = rows.at(-1).cloneNode(true);
      $$('input', row).forEach((input) => { input.value = ''; });
      rows.at(-1).after(row);
      $('input', row).focus();
    }
  });
}

// ---- Signing in ----

// entered keeps the key of a new session, and goes to the page that was asked for before.
function entered(key) {
  localStorage.setItem('sidehook-key', key);
  const back = localStorage.getItem('sidehook-back') ?? '/';
  localStorage.removeItem('sidehook-back');
  location.replace(new URL(back, location.origin).origin === location.origin ? back : '/');
}

if (document.body.dataset.key) entered(document.body.dataset.key);

if (document.body.dataset.signin !== undefined) {
  const here = location.pathname === '/in' ? '/' : location.pathname + location.search;
  localStorage.setItem('sidehook-back', here);
  addEventListener('storage', (event) => { // another tab has signed in
    if (event.key === 'sidehook-key') location.replace(here);
  });
  $('#signin')?.addEventListener('submit', async (event) => {
    event.preventDefault();
    const field = $('#token');
    let answer = { ok: false };
    let said = { detail: 'sidehook cannot be reached' };
    try {
      answer = await fetch('/in', {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify({ token: field.value }),
      });
      said = await answer.json();
    } catch { /* said says so */ }
    if (answer.ok) {
      entered(said.key);
      return;
    }
    $('#token-problem').textContent = said.detail;
    field.setAttribute('aria-invalid', 'true');
    field.focus();
  });
}

// openBelow shows the answer of a link with data-open in a row below that of the link, or
// takes it away again.
async function openBelow(link) {
  const row = link.closest('tr');
  const open = row.nextElementSibling?.classList.contains('detail');
  link.setAttribute('aria-expanded', !open);
  if (open) {
    row.nextElementSibling.remove();
    return;
  }
  const cell = element('td', { colSpan: row.cells.length, textContent: 'Loading…' });
  row.after(element('tr', { className: 'detail' }, cell));
  const answer = await fetch(`${link.href}?alone`).catch(() => null);
  if (answer?.ok) cell.replaceChildren(fragment(await answer.text()));
  else cell.textContent = answer ? 'This cannot be shown; open the link for the reason.' : 'sidehook cannot be reached.';
}

addEventListener('click', (event) => {
  const link = event.target.closest('a[data-open]');
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || event.button) return;
  event.preventDefault();
  openBelow(link);
});
