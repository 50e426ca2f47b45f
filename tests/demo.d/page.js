// The phones' screens: what the server-sent events say, nothing else.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const names = { smtp: "SMTP accepted", lmtp: "LMTP 250", event: "event",
                outbox: "outbox", push: "push" };
let defaultFilter = "", phones = [];

const ms = (n) => n.toFixed(1) + " ms";

function row(cells) {
  const tr = document.createElement("tr");
  for (const cell of cells) {
    const td = document.createElement("td");
    td.append(cell);
    tr.append(td);
  }
  return tr;
}

// Each bar reaches from the moment before to its own.
function timeline(moments) {
  const known = Object.keys(names).filter((m) => m in moments)
    .sort((a, b) => moments[a] - moments[b]);
  const first = moments[known[0]], last = moments[known[known.length - 1]];
  const zero = moments.smtp ?? first;
  const percent = (t) => 100 * (t - first) / Math.max(last - first, 0.1);
  return known.map((m, i) => {
    const track = document.createElement("span"), bar = document.createElement("i");
    const from = percent(moments[known[Math.max(i - 1, 0)]]);
    bar.style.left = Math.min(from, 98) + "%";
    bar.style.width = Math.max(percent(moments[m]) - from, 1) + "%";
    track.className = "track";
    track.append(bar);
    return row([names[m], track, ms(moments[m] - zero)]);
  });
}

function clone(template) {
  return $(template).content.firstElementChild.cloneNode(true);
}

function place(list, id, make) {
  let item = document.getElementById(id);
  if (!item) {
    item = make();
    item.id = id;
    list.prepend(item);
  }
  return item;
}

function newPush(list) {
  const li = clone("#push");
  list.querySelectorAll(":scope > li > details[open]")
    .forEach((details) => { details.open = false; });
  $("details", li).open = true;
  li.classList.add("fresh");
  list.scrollTop = 0;
  return li;
}

function showPush(mail, device, rang) {
  const list = $("#phone-" + device + " .pushes");
  const item = place(list, "push-" + mail.id + "-" + device,
                     () => newPush(list));
  const moments = { ...mail.moments, push: rang.at };
  $(".from", item).textContent = mail.from;
  $(".subject", item).textContent = mail.subject || "(no subject)";
  $(".preview", item).textContent = mail.preview || "";
  $("time", item).textContent = new Date(rang.at).toLocaleTimeString();
  $(".chip", item).textContent = "smtp" in moments
    ? "rang " + ms(rang.at - moments.smtp) + " after SMTP" : "rang";
  $(".line tbody", item).replaceChildren(...timeline(moments));
  $(".proof", item).textContent = rang.proof;
  $("pre", item).textContent = JSON.stringify(rang.said, null, 1);
}

async function showTrace(mail, item) {
  const answer = await ask("trace", { mail: mail.id });
  $(".trace", item).textContent = answer.text;
}

function newRow(mail) {
  const li = clone("#row");
  $("details", li).addEventListener("toggle", (e) => {
    if (e.target.open)
      showTrace(mail, li);
  });
  return li;
}

function showRow(mail) {
  const item = place($("#mails"), "mail-" + mail.id, () => newRow(mail));
  $(".what", item).textContent = (mail.subject || "(no subject)") + " · " +
    mail.from;
  $(".states", item).replaceChildren(...phones.map(({ name }) => {
    const state = document.createElement("span"), phone = mail.phones[name];
    state.className = phone?.at && !phone.withdrawn ? "rang" : "";
    state.textContent = name + ": " + (phone?.state ?? "on its way");
    return state;
  }));
  if ($("details", item).open)
    showTrace(mail, item);
}

function showMail(mail) {
  for (const [device, rang] of Object.entries(mail.phones)) {
    if (rang.withdrawn)
      document.getElementById("push-" + mail.id + "-" + device)?.remove();
    else if (rang.at)
      showPush(mail, device, rang);
  }
  showRow(mail);
}

function showPhone(facts) {
  const phone = place($("#phones"), "phone-" + facts.name,
                      () => clone("#phone"));
  phone.setAttribute("aria-label", facts.title);
  $(".title", phone).textContent = facts.title;
  $(".name", phone).textContent = facts.name;
  $(".rings", phone).textContent = facts.filter === defaultFilter
    ? "rings for new mail" : "rings for " + facts.filter;
  $("#phones").append(phone);
}

function showFilter() {
  const device = $("#filter select").value;
  $("#filter input").value = phones.find((p) => p.name === device).filter;
}

function showFacts(facts) {
  const chosen = $("#filter select").value;
  for (const element of document.querySelectorAll("[data-fact]"))
    element.textContent = facts[element.dataset.fact];
  $("#services").replaceChildren(...facts.services.map(([name, text]) => {
    const tr = row([text]), th = document.createElement("th");
    th.textContent = name;
    tr.prepend(th);
    return tr;
  }));
  defaultFilter = facts.defaultFilter;
  phones = facts.phones;
  phones.forEach(showPhone);
  $("#filter select").replaceChildren(
    ...phones.map((p) => new Option(p.title, p.name)));
  $("#filter select").value = chosen || phones[0].name;
  showFilter();
  tick();
}

function listen() {
  const stream = new EventSource("stream"), link = $("#link");
  stream.onopen = () => {
    link.className = "";
    link.textContent = "live";
    $("#phones").replaceChildren();
    $("#mails").replaceChildren();
  };
  stream.onerror = () => {
    link.className = "off";
    link.textContent = "the demo has ended";
  };
  stream.addEventListener("facts", (e) => showFacts(JSON.parse(e.data)));
  stream.addEventListener("mail", (e) => showMail(JSON.parse(e.data)));
}

// {ok, text}, whatever happens.
async function ask(path, fields) {
  try {
    const answer = await fetch(path, {
      method: "POST", headers: { "Content-Type": "application/json" },
      body: JSON.stringify(fields) });
    return { ok: answer.ok, text: (await answer.json()).text };
  } catch (error) {
    return { ok: false, text: "The demo does not answer." };
  }
}

function wire(form, path) {
  form.addEventListener("submit", async (e) => {
    const out = $("output", form), button = $("form > button", form.parentNode);
    e.preventDefault();
    button.disabled = true;
    const answer = await ask(path, Object.fromEntries(new FormData(form)));
    out.className = answer.ok ? "ok" : "bad";
    out.textContent = answer.text;
    button.disabled = false;
  });
}

// A hint is a value to try.
function wireHints(form, input) {
  $(".hints", form).addEventListener("click", (e) => {
    if (e.target.tagName === "BUTTON")
      input.value = "default" in e.target.dataset
        ? defaultFilter : e.target.textContent;
  });
}

function tick() {
  const now = new Date();
  const time = now.toLocaleTimeString([],
    { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const day = now.toLocaleDateString([],
    { weekday: "long", day: "numeric", month: "long" });
  for (const phone of document.querySelectorAll(".phone")) {
    $(".time", phone).textContent = time;
    $(".day", phone).textContent = day;
  }
}

wire($("#mail"), "mail");
wire($("#filter"), "filter");
wireHints($("#mail"), $("#mail [name=from]"));
wireHints($("#filter"), $("#filter input"));
$("#filter select").addEventListener("change", showFilter);
setInterval(tick, 1000);
listen();
