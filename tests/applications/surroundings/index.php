<?php
// Shows what an application finds in its environment; of secrets only what proves that they are known.
declare(strict_types=1);

header('Content-Type: application/json');
$proof = fn(string|false|null $text): ?string => is_string($text) ? hash('sha256', $text) : null;
$found = [];
foreach (explode(',', $_GET['names'] ?? '') as $name) {
    $found[$name] = [$proof(getenv($name)), $proof($_SERVER[$name] ?? null)];
}
echo json_encode($found);
