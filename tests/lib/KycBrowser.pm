# KycBrowser: a headless Chromium for the tests of report.html, driven over W3C WebDriver by plain HTTP.
#
#   my $browser = browser_start() or plan skip_all => 'chromium-driver is not installed';
#   browser_open($browser, "file://$path");
#   browser_width($browser, 400);  browser_scheme($browser, 'dark');
#   my $title = browser_run($browser, 'return document.title');
#   my @messages = browser_console($browser);   my @urls = browser_requests($browser);
#
# It reaches no host but loopback. Ended by its pid, at the latest when the test ends.
package KycBrowser;

use strict;
use warnings;
use Exporter 'import';
use File::Temp ();
use HTTP::Tiny;
use JSON::PP;
use MIME::Base64 qw(decode_base64);
use POSIX ();

our @EXPORT = qw(
    browser_start browser_open browser_width browser_scheme browser_run browser_console browser_requests
    browser_picture
);

my $json = JSON::PP->new->utf8->allow_nonref;
my $owner = $$;
my %running;

sub found
{
    my ($name) = @_;
    for my $folder (split /:/, $ENV{PATH} || '') {
        return "$folder/$name" if -x "$folder/$name";
    }
    return undef;
}

# undef when there is no browser on this machine; dies when there is one that does not start.
sub browser_start
{
    my ($driver, $chromium) = (found('chromedriver'), found('chromium'));
    return undef if !$driver || !$chromium;
    my $profile = File::Temp->newdir('kyc-browser-XXXXXX', TMPDIR => 1);
    pipe my $out, my $in or die "pipe: $!";
    my $pid = fork;
    die "fork: $!" if !defined $pid;
    if ($pid == 0) {
        setpgrp 0, 0;
        open STDOUT, '>&', $in;
        open STDERR, '>', '/dev/null';
        { exec {$driver} $driver, '--port=0'; }
        POSIX::_exit(127);
    }
    close $in;
    $running{$pid} = 1;
    my $browser = {pid => $pid, pipe => $out, profile => $profile};
    local $SIG{ALRM} = sub { die "$driver: not ready after 60 s" };
    alarm 60;
    while (my $line = <$out>) {
        next if $line !~ /started successfully on port (\d+)/;
        $browser->{url} = "http://127.0.0.1:$1";
        last;
    }
    alarm 0;
    die "$driver did not start" if !$browser->{url};
    my $session = command($browser, 'POST', '/session', {capabilities => {alwaysMatch => {
        'goog:chromeOptions' => {binary => $chromium, args => [
            qw(--headless --no-sandbox --disable-gpu --disable-quic --disable-dev-shm-usage --no-first-run
               --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars),
            '--window-size=1400,1000', "--user-data-dir=$profile",
            '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1']},
        'goog:loggingPrefs' => {browser => 'ALL', performance => 'ALL'},
    }}});
    $browser->{session} = "/session/$session->{sessionId}";
    browser_open($browser, 'about:blank');
    browser_requests($browser);    # those of the browser's own first page
    return $browser;
}

sub command
{
    my ($browser, $method, $path, $body) = @_;
    my $answer = HTTP::Tiny->new(timeout => 120, proxy => undef, http_proxy => undef)->request($method, "$browser->{url}$path",
        {headers => {'Content-Type' => 'application/json'}, $body ? (content => $json->encode($body)) : ()});
    my $content = eval { $json->decode($answer->{content}) };
    die "$method $path: $answer->{status} " . substr($answer->{content}, 0, 500) if !$answer->{success};
    return $content->{value};
}

sub browser_open { command($_[0], 'POST', "$_[0]{session}/url", {url => $_[1]}); }

sub devtools
{
    my ($browser, $name, %parameters) = @_;
    return command($browser, 'POST', "$browser->{session}/goog/cdp/execute", {cmd => $name, params => \%parameters});
}

# The width of the page's window, in CSS pixels.
sub browser_width
{
    my ($browser, $width) = @_;
    devtools($browser, 'Emulation.setDeviceMetricsOverride',
        width => $width, height => 900, deviceScaleFactor => 1, mobile => JSON::PP::false);
}

# light or dark; or 'print'.
sub browser_scheme
{
    my ($browser, $scheme) = @_;
    devtools($browser, 'Emulation.setEmulatedMedia', media => $scheme eq 'print' ? 'print' : '',
        features => [{name => 'prefers-color-scheme', value => $scheme eq 'dark' ? 'dark' : 'light'}]);
}

# What a function body in JavaScript returns.
sub browser_run
{
    my ($browser, $script) = @_;
    return command($browser, 'POST', "$browser->{session}/execute/sync", {script => $script, args => []});
}

# The console messages since the last call.
sub browser_console
{
    my ($browser) = @_;
    return map { $_->{message} } @{command($browser, 'POST', "$browser->{session}/se/log", {type => 'browser'})};
}

# The URLs requested since the last call.
sub browser_requests
{
    my ($browser) = @_;
    my @events = map { $json->decode($_->{message})->{message} }
        @{command($browser, 'POST', "$browser->{session}/se/log", {type => 'performance'})};
    return map { $_->{params}{request}{url} } grep { $_->{method} eq 'Network.requestWillBeSent' } @events;
}

# The whole page as a PNG into a file.
sub browser_picture
{
    my ($browser, $path) = @_;
    my $height = browser_run($browser, 'return document.scrollingElement.scrollHeight');
    my $width = browser_run($browser, 'return innerWidth');
    my $picture = devtools($browser, 'Page.captureScreenshot', format => 'png', captureBeyondViewport => JSON::PP::true,
        clip => {x => 0, y => 0, width => $width, height => $height, scale => 1});
    open my $file, '>:raw', $path or die "$path: $!";
    print {$file} decode_base64($picture->{data});
    close $file or die "$path: $!";
}

END {
    if ($$ == $owner) {
        local $?;
        for my $pid (keys %running) {
            kill 'KILL', -$pid;
            waitpid $pid, 0;
        }
    }
}

1;
