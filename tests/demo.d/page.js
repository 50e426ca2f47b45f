// The phone's screen: what the server-sent events say, nothing else.
"use strict";

const $ = (selector, within = document) => within.querySelector(selector);
const names = { smtp: "SMTP accepted", lmtp: "LMTP 250", event: "event",
                outbox: "outbox", push: "push" };
let defaultFilter = "";

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

function place(list, id, make) {
  let item = document.getElementById(id);
  if (!item) {
    item = make();
    item.id = id;
    $(list).prepend(item);
  }
  return item;
}

function showPush(mail) {
  const item = place("#pushes", "push-" + mail.id, () => {
    const li = $("#push").content.firstElementChild.cloneNode(true);
    document.querySelectorAll("#pushes > li > details[open]")
      .forEach((details) => { details.open = false; });
    $("details", li).open = true;
    li.classList.add("fresh");
    $("#pushes").scrollTop = 0;
    return li;
  });
  const at = new Date(mail.moments.push);
  $(".from", item).textContent = mail.from;
  $(".subject", item).textContent = mail.subject || "(no subject)";
  $(".preview", item).textContent = mail.preview || "";
  $("time", item).textContent = at.toLocaleTimeString();
  $(".chip", item).textContent = "smtp" in mail.moments
    ? "rang " + ms(mail.moments.push - mail.moments.smtp) + " after SMTP"
    : "rang";
  $(".line tbody", item).replaceChildren(...timeline(mail.moments));
  $(".signed", item).textContent = mail.signed;
  $("pre", item).textContent = JSON.stringify(mail.said, null, 1);
}

function showMail(mail) {
  if (mail.withdrawn)
    document.getElementById("push-" + mail.id)?.remove();
  else if (mail.moments.push)
    showPush(mail);
  const item = place("#mails", "mail-" + mail.id, () => {
    const li = document.createElement("li");
    li.append(document.createElement("span"), document.createElement("span"));
    return li;
  });
  item.className = mail.moments.push && !mail.withdrawn ? "rang" : "";
  item.firstChild.textContent = (mail.subject || "(no subject)") + " · " + mail.from;
  item.lastChild.className = "state";
  item.lastChild.textContent = mail.state;
}

function showFacts(facts) {
  for (const element of document.querySelectorAll("[data-fact]"))
    element.textContent = facts[element.dataset.fact];
  $("#ringer").textContent = facts.device;
  $("#services").replaceChildren(...facts.services.map(([name, text]) => {
    const tr = row([text]), th = document.createElement("th");
    th.textContent = name;
    tr.prepend(th);
    return tr;
  }));
  defaultFilter = facts.defaultFilter;
  $("#filter input").value = facts.filter;
}

function listen() {
  const stream = new EventSource("stream"), link = $("#link");
  stream.onopen = () => {
    link.className = "";
    link.textContent = "live";
    $("#pushes").replaceChildren();
    $("#mails").replaceChildren();
  };
  stream.onerror = () => {
    link.className = "off";
    link.textContent = "the demo has ended";
  };
  stream.addEventListener("facts", (e) => showFacts(JSON.parse(e.data)));
  stream.addEventListener("mail", (e) => showMail(JSON.parse(e.data)));
}

function wire(form, path) {
  form.addEventListener("submit", async (e) => {
    const out = $("output", form), button = $("form > button", form.parentNode);
    e.preventDefault();
    button.disabled = true;
    try {
      const answer = await fetch(path, {
        method: "POST", headers: { "Content-Type": "application/json" },
        body: JSON.stringify(Object.fromEntries(new FormData(form))) });
      out.className = answer.ok ? "ok" : "bad";
      out.textContent = (await answer.json()).text;
    } catch (error) {
      out.className = "bad";
      out.textContent = "The demo does not answer.";
    }
    button.disabled = false;
  });
}

function tick() {
  const now = new Date();
  $("#time").textContent = now.toLocaleTimeString([],
    { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  $("#day").textContent = now.toLocaleDateString([],
    { weekday: "long", day: "numeric", month: "long" });
}

wire($("#mail"), "mail");
wire($("#filter"), "filter");
$(".hints").addEventListener("click", (e) => {
  if (e.target.tagName === "BUTTON")
    $("#filter input").value = "default" in e.target.dataset
      ? defaultFilter : e.target.textContent;
});
tick();
setInterval(tick, 1000);
listen();
