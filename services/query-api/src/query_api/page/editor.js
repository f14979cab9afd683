// @ts-check
/** The SQL editor: CodeMirror in a shadow root, so that its styles need no exception of the page's policy. */

import {
  acceptCompletion, autocompletion, bracketMatching, closeBrackets, Compartment, completionKeymap, defaultKeymap, drawSelection, EditorState, EditorView,
  HighlightStyle, history, historyKeymap, keymap, lineNumbers, placeholder, sql, SQLDialect, syntaxHighlighting, tags,
} from "./vendor/codemirror.js";

/** @typedef {Record<string, string[]>} Schema columns by table */

const KEYWORDS = "select from where group by having order limit offset as and or not in is null like between case when then else end join left right full inner outer cross on union all distinct with asc desc nulls first last cast over partition rows range preceding following current row interval date timestamp extract filter exists any try_cast unnest values true false escape except intersect";
const TYPES = "bigint integer double decimal varchar boolean timestamp date map array row real smallint tinyint json varbinary";

/** @param {string[]} functions */
function dialect(functions) {
  return SQLDialect.define({ keywords: KEYWORDS, types: TYPES, builtin: functions.join(" "), identifierQuotes: '"', hashComments: false });
}

const look = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--accent)", fontWeight: "600" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--up)" },
  { tag: tags.number, color: "var(--late)" },
  { tag: [tags.typeName, tags.standard(tags.name)], color: "var(--late)" },
  { tag: tags.comment, color: "var(--soft)" },
]);

const theme = EditorView.theme({
  "&": { fontSize: "13px", color: "var(--ink)", backgroundColor: "var(--card)" },
  "&.cm-focused": { outline: "2px solid var(--accent)", outlineOffset: "-2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", minHeight: "160px", maxHeight: "360px", lineHeight: "1.5" },
  ".cm-gutters": { backgroundColor: "var(--paper)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-cursor": { borderLeftColor: "var(--ink)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-wash)" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--ink)", border: "1px solid var(--line-strong)" },
  ".cm-tooltip-autocomplete ul li[aria-selected]": { backgroundColor: "var(--accent-wash)", color: "var(--ink)" },
  ".cm-placeholder": { color: "var(--soft)" },
});

/**
 * Typing over a selection, done here: a browser would keep the look of what was selected by writing an
 * inline style, which the page's policy refuses.
 * @param {InputEvent} event @param {any} view
 */
function replaced(event, view) {
  if (event.inputType !== "insertText" || !event.data || view.state.selection.main.empty) return false;
  view.dispatch(view.state.replaceSelection(event.data));
  event.preventDefault();
  return true;
}

export class SqlEditor {
  /** @param {HTMLElement} host @param {string} text @param {() => void} run @param {() => void} cancel */
  constructor(host, text, run, cancel) {
    this.language = new Compartment();
    const root = host.attachShadow({ mode: "open" });
    const keys = [
      { key: "Mod-Enter", run: () => (run(), true) },
      { key: "Escape", run: () => (cancel(), false) },
      { key: "Tab", run: acceptCompletion },
    ];
    this.view = new EditorView({
      root, parent: root,
      state: EditorState.create({
        doc: text,
        extensions: [
          keymap.of([...keys, ...completionKeymap, ...historyKeymap, ...defaultKeymap]), lineNumbers(), history(), drawSelection(), bracketMatching(), closeBrackets(),
          EditorView.domEventHandlers({ beforeinput: replaced }), autocompletion(), syntaxHighlighting(look), theme, EditorView.lineWrapping, placeholder("select … from quotes_live"),
          EditorView.contentAttributes.of({ "aria-label": "SQL statement; Ctrl Enter runs it, Escape cancels it" }),
          this.language.of(sql({ dialect: dialect([]), upperCaseKeywords: false })),
        ],
      }),
    });
  }

  get text() {
    return this.view.state.doc.toString();
  }

  set text(text) {
    this.view.dispatch({ changes: { from: 0, to: this.view.state.doc.length, insert: text } });
  }

  /** Put a name where the cursor is. @param {string} text */
  insert(text) {
    this.view.dispatch(this.view.state.replaceSelection(text));
    this.view.focus();
  }

  /** Complete these from now on. @param {Schema} schema @param {string[]} functions */
  know(schema, functions) {
    this.view.dispatch({ effects: this.language.reconfigure(sql({ dialect: dialect(functions), schema })) });
  }

  close() {
    this.view.destroy();
  }
}
