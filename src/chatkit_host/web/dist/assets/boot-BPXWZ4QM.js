try{let t=localStorage.getItem("chatkit-host.theme");(t==="light"||t==="dark")&&(document.documentElement.dataset.scheme=t)}catch{}
