import{a as c}from"./chunk-BPSHELOO.js";import{a as n,d,e as l}from"./chunk-W6IUE7YM.js";import{a as r,b as s,h as a}from"./chunk-IDTV3HLR.js";import"./chunk-SQE76S5B.js";var i=class extends a{constructor(){super();this.editor=null;this.content=[],this.words=n,this.canBeEmpty=!1,this.isEmpty=!1}static{this.styles=[d,r` :host{display: block;inline-size: min(100%,40rem);}.box{border: 1px solid var(--ck-border-strong);border-radius: min(var(--ck-radius-large),22px);background: var(--ck-bubble);}.box:has(.editor:focus-visible){border-color: color-mix(in oklab,var(--ck-focus) 70%,var(--ck-border));box-shadow: 0 0 0 3px color-mix(in oklab,var(--ck-focus) 16%,transparent);}.editor{max-block-size: min(20em,50vh);padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 4.5) 0;overflow-y: auto;line-height: 1.5;white-space: pre-wrap;overflow-wrap: anywhere;text-align: start;outline: none;}.tag{padding: 0.05em 0.35em;border-radius: 6px;background: color-mix(in oklab,var(--ck-accent) 13%,transparent);color: var(--ck-accent-text);font-weight: 550;}.bar{display: flex;justify-content: end;gap: calc(var(--ck-unit) * 2);padding: calc(var(--ck-unit) * 2.5);}@media (pointer: coarse){.editor{font-size: max(16px,1em);}}`]}static{this.properties={content:{attribute:!1},words:{attribute:!1},canBeEmpty:{type:Boolean},isEmpty:{state:!0}}}firstUpdated(){this.editor=new c(this.renderRoot.querySelector(".editor"),this.renderRoot),this.editor.set(this.content),this.edited(),this.editor.focusEnd()}focus(){this.editor?.focusEnd()}edited(){this.isEmpty=this.editor?.isEmpty??!0}send(){this.editor&&(!this.isEmpty||this.canBeEmpty)&&this.save(this.editor.content())}keyDown(t){t.stopPropagation(),!(t.isComposing||t.keyCode===229)&&(t.key==="Escape"?(t.preventDefault(),this.cancel()):t.key==="Enter"&&!t.shiftKey&&!t.altKey&&t.composedPath()[0]===this.editor?.element&&(t.preventDefault(),this.send()))}paste(t){t.preventDefault();let e=t.clipboardData?.getData("text/plain").replaceAll(`\r
`,`
`);e&&(document.execCommand("insertText",!1,e)||this.editor?.insertText(e)),this.edited()}render(){let{words:t}=this;return s`<div class="box" @keydown=${this.keyDown} @keyup=${p} @keypress=${p}>
      <div
        class="editor"
        role="textbox"
        aria-label=${t.editMessage}
        aria-multiline="true"
        contenteditable="plaintext-only"
        dir="auto"
        enterkeyhint="send"
        tabindex="0"
        @input=${this.edited}
        @paste=${this.paste}
      ></div>
      <div class="bar">
        <button class="button" @click=${()=>this.cancel()}>${t.cancel}</button>
        <button class="button primary" ?disabled=${this.isEmpty&&!this.canBeEmpty} @click=${this.send}>${t.save}</button>
      </div>
    </div>`}};function p(o){o.stopPropagation()}l("chatkit-host-message-editor",i);export{i as MessageEditor};
