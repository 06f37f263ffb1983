<?php
$host = htmlspecialchars(gethostname() ?: 'unknown', ENT_QUOTES | ENT_SUBSTITUTE, 'UTF-8');
header('Content-Type: text/html; charset=utf-8');
header('Cache-Control: no-store');
?>
<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>It works, twice</title>
<style>
:root { color-scheme: light dark; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; font: 1.1rem/1.6 system-ui, sans-serif;
  background: linear-gradient(160deg, #eef4f8, #d5e5ee); color: #16303f; }
main { padding: 2.5rem 3rem; margin: 1rem; border-radius: 1rem; background: #fffc; box-shadow: 0 1rem 3rem #16303f22; max-width: 34rem; }
h1 { margin: 0 0 .5rem; font-size: 1.8rem; }
code { font: 600 1.15em ui-monospace, monospace; overflow-wrap: anywhere; }
@media (prefers-color-scheme: dark) {
  body { background: linear-gradient(160deg, #0f1c24, #1d3542); color: #dceaf2; }
  main { background: #0008; }
}
</style>
</head>
<body>
<main>
<h1>It works, twice.</h1>
<p>hostname is: <code><?= $host ?></code></p>
<p>Load this page again: another machine, in another zone, may answer, from the same files.</p>
</main>
</body>
</html>
