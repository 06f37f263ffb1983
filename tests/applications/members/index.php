<?php
// Members log in and leave a line of their own. Each of its files says of which release it is, and a page is made of many.
declare(strict_types=1);

$parts = ['index' => '@release@'];
require __DIR__ . '/parts/own.php';                          // by the folder of this file
require 'parts/relative.php';                                // by the working directory
require $_SERVER['DOCUMENT_ROOT'] . '/parts/root.php';       // by the folder that Apache serves
$parts['first'] = trim((string) file_get_contents('data/' . rand(0, @files@ - 1) . '.txt'));
$parts['second'] = trim((string) file_get_contents(__DIR__ . '/data/' . rand(0, @files@ - 1) . '.txt'));
$parts['third'] = trim((string) file_get_contents($_SERVER['DOCUMENT_ROOT'] . '/data/' . rand(0, @files@ - 1) . '.txt'));

session_start();
if (($_POST['login'] ?? '') !== '') {
    session_regenerate_id(true);
    $_SESSION = ['member' => $_POST['login'], 'line' => ''];
} elseif (isset($_SESSION['member'], $_POST['line'])) {
    $_SESSION['line'] = $_POST['line'];
}
header('Content-Type: application/json');
header('Cache-Control: no-store');
echo json_encode(['parts' => $parts, 'member' => $_SESSION['member'] ?? null, 'line' => $_SESSION['line'] ?? null]);
