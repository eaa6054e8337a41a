#!/usr/bin/perl
# The fault matrix of what follows the creates: each fault × each request of refresh, links, documents and adopt × each
# provider that has it. Every cell strikes three times:
#
#   repeated   a few answers are faulty, and attempts are left: the command ends as if nothing had happened
#   given up   a few answers are faulty, and there is one attempt: what may have been carried out is in doubt, no state is
#              changed, nobody is counted wrong, and the status says so
#   afterwards the same command without faults completes
#
# In the short form each fault strikes one of the two providers whose requests differ by their bodies alone.
#
#   tests/fault/matrix_onboarding.t [PROVIDER|OPERATION|FAULT]...      only the cells that each of these words is part of
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP ();
use POSIX qw(WNOHANG);
use Test::More;
use Time::HiRes qw(sleep time);
use KycParallel;
use KycProof;
use KycRun;
use KycTest;

my $json = JSON::PP->new->utf8;
my $long = proof_is_long();
my $rows = $ENV{KYC_ROWS} || ($long ? 40 : 6);
my $gone_s = $long ? 15 : 2;
my $rate = 100;
my $at_once = $ENV{KYC_AT_ONCE} || ($long ? 12 : 16);

# The requests of each command: [operation, command, what the sandbox counts it as, options of the sandbox].
my %requests = (
    payward => [['refresh', 'refresh', 'fetch'], ['document', 'documents', 'document']],
    'kraken-embed' => [['refresh', 'refresh', 'fetch'], ['document', 'documents', 'document']],
    kira => [
        ['refresh-list', 'refresh', 'look_up'],
        ['refresh', 'refresh', 'fetch', '--kira-list-states', 'no'], # a listing without states: each user is requested
        ['login', 'refresh', 'login'], ['link', 'links', 'link'], ['adopt-list', 'adopt', 'look_up'], ['adopt', 'adopt', 'fetch']],
    payso => [['refresh-list', 'refresh', 'list'], ['link', 'links', 'link'], ['adopt-list', 'adopt', 'list']],
);

# The faults. doubt: a request that changes something may have been carried out; landed: it was.
my @faults = (
    {name => 'status-429', kind => 'strike'},
    {name => 'status-500', kind => 'strike', doubt => 1},
    {name => 'status-503', kind => 'strike', doubt => 1},
    {name => 'retry-after', kind => 'strike', doubt => 1},
    {name => 'reset', kind => 'strike', doubt => 1},
    {name => 'drop', kind => 'strike', doubt => 1, landed => 1},
    {name => 'slow', kind => 'strike', doubt => 1, landed => 1},
    {name => 'garbage', kind => 'strike', doubt => 1, landed => 1},
    {name => 'truncate', kind => 'strike', doubt => 1, landed => 1},
    {name => 'folded-header', kind => 'strike', doubt => 1, landed => 1},
    # The answer a second time, on a connection that stays open: what follows on it may be another user's.
    {name => 'foreign-bytes', kind => 'foreign'},
    {name => 'combined', kind => 'combined', landed => 1},
    {name => 'status-422', kind => 'refuse'},
    {name => 'not-found', kind => 'refuse'}, # of a gateway: not in the provider's words
    {name => 'refused', kind => 'away'},
    {name => 'gone', kind => 'gone'},
    {name => 'revoked', kind => 'revoked'},
    {name => 'status-401', kind => 'unauthorized'},
);

my @struck = map { $_->{name} } grep { $_->{kind} eq 'strike' } @faults;

# One answer ends the command.
sub is_once { return $_[0]{operation} =~ /^(?:refresh-list|adopt-list|login)$/; }

sub sandbox_options
{
    my ($cell) = @_;
    return ('--listen', "127.0.0.1:$cell->{port}", '--state', "$cell->{folder}/state", '--seed', 5, '--rate', "$rate/s", '--nonce-window', 10_000_000_000,
        # a listing may take longer than the timeout, but no longer without a byte of it
        '--slow-for', is_once($cell) ? '4s' : '1500ms', @{$cell->{options}});
}

sub counts { return sandbox_counts($_[0]{sandbox})->{$_[0]{provider}}; }
sub asked { return counts($_[0])->{by_operation}{$_[0]{counted}} || 0; }

# The export; with a document a row, whose content is numbered, where the provider takes documents. At kraken-embed every
# other one is a file.
sub export
{
    my ($cell) = @_;
    my ($header, @lines) = split /\n/, csv_rows($rows);
    return join '', map { "$_\n" } $header, @lines if $cell->{command} ne 'documents';
    my $edition = ++$cell->{edition};
    my $is_file = sub { $cell->{provider} eq 'kraken-embed' && $_[0] % 2 };
    write_file("$cell->{case}{folder}/docs/$_.png", "\x89PNG\r\n\x1a\n$_ $edition") for grep { $is_file->($_) } 0 .. $rows - 1;
    return join '', map { "$_\n" } "$header,doc,front",
        map { "$lines[$_],P$_-$edition," . ($is_file->($_) ? "$_.png" : "https://files.example.com/$_-$edition.png") } 0 .. $rows - 1;
}

sub prepare
{
    my ($cell) = @_;
    my $provider = $cell->{provider};
    %$cell = (%$cell, folder => scratch_folder(), port => free_port(), lost => 0, faults => 0, runs => 0, links => 0, needs => 0, over_limit => 0);
    $cell->{sandbox} = sandbox_start(sandbox_options($cell));
    my $documents = $cell->{command} eq 'documents';
    $cell->{case} = case_new($cell->{sandbox}, provider => $provider, rows => $rows, set => {
        'delivery.rate' => "$rate/s", 'delivery.burst' => 5, 'delivery.attempts' => 12, 'delivery.retry_for' => '1m',
        'delivery.timeout' => $provider eq 'payso' || $cell->{fault}{name} =~ /^(?:slow|combined)$/ ? '1s' : '10s', # short where it is waited for
        $documents ? ('provider.verifier' => 'Example Checks') : (), $provider eq 'payso' ? ('provider.settle_after' => '2s') : ()});
    my $folder = $cell->{case}{folder};
    if ($documents) {
        mkdir "$folder/docs";
        my $job = read_file("$folder/job.yaml");
        $job =~ s/^(  base_url)/  documents: docs\n$1/m if $provider eq 'kraken-embed';
        write_file("$folder/job.yaml", "$job  documents:\n    - {type: {value: passport}, number: doc, country: {value: US}, files: {front: front}}\n");
        write_file("$folder/export.csv", export($cell));
    }
    is(plain_run($cell, 'run', '-q'), 0, 'the users are created');
    is(plain_run($cell, 'refresh', '-q'), 0, 'their states are read');
    need($cell, 'first');
    $cell->{before} = counts($cell);
}

# A command outside of what is measured: its status.
sub plain_run
{
    my ($cell, @arguments) = @_;
    my ($status, undef, $err) = case_run($cell->{case}, @arguments);
    $cell->{runs}++;
    diag $err if $status > 1;
    return $status;
}

sub set_states
{
    my ($cell, $state_of) = @_;
    my @users = sandbox_users($cell->{sandbox}, $cell->{provider});
    for my $i (0 .. $#users) {
        my ($id, $state) = ($users[$i]{id} =~ s/ /%20/gr, $state_of->($i));
        sandbox_control($cell->{sandbox}, 'POST', "/_sandbox/verification?api=$cell->{provider}&user=$id&state=$state", '');
    }
}

# Makes the command necessary for every customer.
sub need
{
    my ($cell, $which) = @_;
    my $command = $cell->{command};
    if ($command eq 'refresh') {
        set_states($cell, sub { ($_[0] % 2 == 0) == ($which eq 'first') ? 'verified' : 'in_review' });
    } elsif ($command eq 'links') {
        # Rejected since the last link.
        for my $state ($which eq 'first' ? () : 'in_review', 'rejected') {
            set_states($cell, sub { $state });
            plain_run($cell, 'refresh', '-q');
        }
        $cell->{needs} += $rows;
    } elsif ($command eq 'documents') {
        write_file("$cell->{case}{folder}/export.csv", export($cell)) if $which ne 'first';
        $cell->{needs} += $rows;
    } else {
        unlink glob "$cell->{case}{folder}/test.ledger* $cell->{case}{folder}/reports/test/*";
    }
}

sub arguments
{
    my ($cell) = @_;
    return ($cell->{command}, '--json', '-q', $cell->{command} eq 'refresh' ? ('--only', 'unknown,pending,verified') : ());
}

# The command: (status, its counts, standard error).
sub run
{
    my ($cell, %set) = @_;
    local $cell->{case}{set} = {%{$cell->{case}{set}}, %set};
    my ($status, $out, $err) = case_run($cell->{case}, arguments($cell));
    $cell->{runs}++;
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, $err);
}

# Of each outcome that the command counts: (done, in doubt, unsent, refused) of links and documents, (read, not read) of a
# refresh, (adopted, unclear).
sub numbers
{
    my ($cell, $found) = @_;
    my %names = (refresh => [qw(read unclear no_answer)], links => [qw(made refused in_doubt unsent)],
        documents => [qw(sent refused in_doubt unsent)], adopt => [qw(adopt unclear)]);
    return join ' ', map { $_ . ' ' . ($found->{$_} // '?') } @{$names{$cell->{command}}};
}

# Customers that the command has served.
sub served { my ($cell, $found) = @_; return $found->{{refresh => 'read', links => 'made', documents => 'sent', adopt => 'adopt'}->{$cell->{command}}} // 0; }

# What a further command has to do for this.
sub left { my ($cell, $found) = @_; return $cell->{command} eq 'refresh' ? $rows : $rows - served($cell, $found); }

# As `numbers` of the ordinary end.
sub all_done
{
    my ($cell, $count) = @_;
    $count = $rows if !defined $count;
    return {refresh => "read $count unclear 0 no_answer 0", links => "made $count refused 0 in_doubt 0 unsent 0",
        documents => "sent $count refused 0 in_doubt 0 unsent 0", adopt => "adopt $count unclear 0"}->{$cell->{command}};
}

# The ledger's view of every user, and when it was read: what a command that was given up must not have changed.
sub ledger_states { return [map { join ' ', @$_ } case_ledger($_[0]{case}, 'SELECT external_id, state, user_id, verification, verification_word, ifnull((SELECT at FROM reading WHERE customer = customer.id), 0) FROM customer ORDER BY external_id')]; }

sub sandbox_states
{
    my ($cell) = @_;
    my %word = (unverified => 'pending', started => 'pending', in_review => 'pending', needs_action => 'action_needed', verified => 'verified', rejected => 'rejected');
    return {map { $_->{id} => $word{$_->{state}} } sandbox_users($cell->{sandbox}, $cell->{provider})};
}

# The state of every user in the ledger is that of the provider.
sub states_agree
{
    my ($cell, $what) = @_;
    is_deeply({map { @$_ } case_ledger($cell->{case}, 'SELECT user_id, verification FROM customer')}, sandbox_states($cell), "$what: the ledger has the states of the provider");
}

# The command without faults: all that is left is done, and a further one has nothing to do.
sub completes
{
    my ($cell, $what, $left) = @_;
    sandbox_faults($cell->{sandbox});
    my ($status, $found, $err) = run($cell);
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell, $left), "$what: done") or diag $err;
    done($cell, $what);
}

sub done
{
    my ($cell, $what) = @_;
    my $command = $cell->{command};
    states_agree($cell, $what) if $command eq 'refresh';
    return if $command eq 'refresh' || $command eq 'adopt';
    my $before = asked($cell);
    my ($status, $found, $err) = run($cell);
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell, 0), "$what: nothing is left") or diag $err;
    is(asked($cell), $before, "$what: so nothing is sent");
}

# Faults of the next $count requests, and that many happened.
sub strike
{
    my ($cell, $count) = @_;
    my $name = $cell->{fault}{name};
    my $before = counts($cell)->{faults}{$name} || 0;
    sandbox_faults($cell->{sandbox}, "$name:x$count\@$cell->{counted}");
    return sub {
        # a slow one is counted when its work is done, which may be after the command
        my $give_up = time + 10;
        my $struck;
        sleep 0.05 while ($struck = (counts($cell)->{faults}{$name} || 0) - $before) < $count && time < $give_up;
        is($struck, $count, "$_[0]: $count answers were faulty");
        $cell->{faults} += $struck;
        # A link or document that was made without an answer.
        $cell->{lost} += $struck if $cell->{fault}{landed} && $cell->{operation} =~ /^(?:link|document)$/;
    };
}

# The kinds.

sub repeated
{
    my ($cell) = @_;
    my $struck = strike($cell, is_once($cell) ? 2 : 3);
    my ($status, $found, $err) = run($cell);
    $struck->('repeated');
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'repeated: the command ends as if nothing had happened') or diag $err;
    is($found->{complete}, JSON::PP::true, 'repeated: and is complete') if $cell->{command} eq 'refresh';
    sandbox_faults($cell->{sandbox});
    done($cell, 'repeated');
}

sub given_up
{
    my ($cell) = @_;
    need($cell, 'again');
    my $count = is_once($cell) ? 1 : 3;
    my $struck = strike($cell, $count);
    my $before = $cell->{command} eq 'adopt' ? [] : ledger_states($cell);
    my ($status, $found, $err) = run($cell, 'delivery.attempts' => 1);
    $struck->('given up');
    if (is_once($cell)) {
        is($status, 4, 'given up: the command stops') or diag $err;
        like($err, qr/error: .*\n.*hint: /, 'given up: and says what to do');
        is($found->{complete}, JSON::PP::false, 'given up: it is not complete') if $cell->{command} eq 'refresh';
        is_deeply(ledger_states($cell), $before, 'given up: no customer is changed');
        return completes($cell, 'afterwards');
    }
    my $left = $rows - $count;
    my ($in_doubt, $unsent) = $cell->{fault}{doubt} ? ($count, 0) : (0, $count);
    is("$status " . numbers($cell, $found), {
        refresh => "1 read $left unclear 0 no_answer $count", links => "1 made $left refused 0 in_doubt $in_doubt unsent $unsent",
        documents => "1 sent $left refused 0 in_doubt $in_doubt unsent $unsent", adopt => "1 adopt $left unclear $count"}->{$cell->{command}},
        'given up: everybody is counted once, as what they are') or diag $err;
    unchanged($cell, 'given up', $before, $count);
    completes($cell, 'afterwards', $cell->{command} eq 'refresh' ? $rows : $count);
}

# Of a refresh: so many users are as before, unread; all others were read.
sub unchanged
{
    my ($cell, $what, $before, $count) = @_;
    return if $cell->{command} ne 'refresh';
    my %was = map { $_ => 1 } @$before;
    my $kept = grep { $was{$_} } @{ledger_states($cell)};
    is($kept, $count, "$what: users that could not be read are as before");
}

# The answer is a refusal: the request is not repeated, and is not a fact about the user.
sub refuse
{
    my ($cell) = @_;
    my $count = is_once($cell) ? 12 : 3; # a listing is repeated
    my $before = $cell->{command} eq 'adopt' ? [] : ledger_states($cell);
    my $struck = is_once($cell) ? sub { $cell->{faults}++ } : strike($cell, $count);
    sandbox_faults($cell->{sandbox}, "$cell->{fault}{name}:100%\@$cell->{counted}") if is_once($cell);
    my ($status, $found, $err) = run($cell, is_once($cell) ? ('delivery.attempts' => 2) : ());
    $struck->('refused');
    if (is_once($cell)) {
        is($status, 4, 'refused: the command stops') or diag $err;
        is_deeply(ledger_states($cell), $before, 'refused: no customer is changed');
        return completes($cell, 'afterwards');
    }
    my $left = $rows - $count;
    is("$status " . numbers($cell, $found), {
        refresh => "1 read $left unclear $count no_answer 0", links => "1 made $left refused $count in_doubt 0 unsent 0",
        documents => "1 sent $left refused $count in_doubt 0 unsent 0", adopt => "1 adopt $left unclear $count"}->{$cell->{command}},
        'refused: everybody is counted once, as what they are') or diag $err;
    unchanged($cell, 'refused', $before, $count);
    return completes($cell, 'afterwards', $cell->{command} eq 'refresh' ? $rows : $count) if $cell->{command} =~ /^(?:refresh|adopt)$/;
    sandbox_faults($cell->{sandbox});
    my $asked = asked($cell);
    ($status, $found, $err) = run($cell);
    is("$status $found->{refused_before}", "0 $count", 'afterwards: what was refused is not asked again') or diag $err;
    is(asked($cell), $asked, 'afterwards: so nothing is sent');
    ($status, undef, $err) = case_run($cell->{case}, $cell->{command}, '-q', '--retry-refused');
    is($status, 0, 'with --retry-refused it is') or diag $err;
    done($cell, 'retried');
}

# No connection for the whole command.
sub away
{
    my ($cell) = @_;
    my $before = $cell->{command} eq 'adopt' ? [] : ledger_states($cell);
    sandbox_stop($cell->{sandbox});
    my ($status, $found, $err) = run($cell, 'delivery.retry_for' => '1s');
    is($status, 4, 'away: the command stops') or diag $err;
    like($err, qr/connect/i, 'away: and says why');
    is($found->{requests}, 0, 'away: nothing was sent');
    is(served($cell, $found), 0, 'away: nobody is counted as served');
    is_deeply(ledger_states($cell), $before, 'away: no customer is changed') if $cell->{command} ne 'adopt';
    $cell->{faults}++;
    $cell->{restarted} = 1;
    $cell->{sandbox} = $cell->{case}{sandbox} = sandbox_start(sandbox_options($cell));
    completes($cell, 'afterwards');
}

# Starts the command slowly, and returns when $requests of it have arrived.
sub start
{
    my ($cell, $requests) = @_;
    my $before = asked($cell);
    unlink map { "$cell->{case}{folder}/$_" } qw(out err);
    local $cell->{case}{set} = {%{$cell->{case}{set}}, 'delivery.rate' => '5/s', 'delivery.burst' => 1, 'delivery.in_flight' => 1};
    $cell->{pid} = case_start($cell->{case}, arguments($cell));
    $cell->{runs}++;
    test_process($cell->{pid});
    my $give_up = time + 30;
    sleep 0.01 while asked($cell) - $before < $requests && time < $give_up && ($cell->{is_over} = waitpid($cell->{pid}, WNOHANG)) == 0;
    is($cell->{is_over}, 0, 'the command is in the middle') if $requests;
}

sub finish
{
    my ($cell) = @_;
    waitpid $cell->{pid}, 0;
    my $status = $? & 127 ? 128 + ($? & 127) : $? >> 8;
    my $out = read_file("$cell->{case}{folder}/out");
    return ($status, $out =~ /^\{/ ? $json->decode($out) : {}, read_file("$cell->{case}{folder}/err"));
}

# The provider dies in the middle of the command, or before it, and comes back.
sub gone
{
    my ($cell) = @_;
    if (is_once($cell)) {
        sandbox_stop($cell->{sandbox});
        unlink map { "$cell->{case}{folder}/$_" } qw(out err);
        $cell->{pid} = case_start($cell->{case}, arguments($cell));
        test_process($cell->{pid});
    } else {
        start($cell, 2);
        $cell->{over_limit} += counts($cell)->{over_limit};
        sandbox_kill($cell->{sandbox});
    }
    sleep $gone_s;
    is(waitpid($cell->{pid}, WNOHANG), 0, "gone: the command outlives a provider that is gone for $gone_s s");
    $cell->{sandbox} = $cell->{case}{sandbox} = sandbox_start(sandbox_options($cell));
    my ($status, $found, $err) = finish($cell);
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'gone: and ends well') or diag $err;
    $cell->{faults}++;
    $cell->{lost}++; # at most the one in flight
    $cell->{restarted} = $cell->{killed} = 1;
    done($cell, 'gone');
}

# The provider revokes the credentials: a token is renewed, a key is not.
sub revoked
{
    my ($cell) = @_;
    my $token = $cell->{provider} eq 'kira' && $cell->{operation} ne 'login';
    my $revoke = sub { sandbox_control($cell->{sandbox}, 'POST', $token ? '/_sandbox/revoke-tokens' : '/_sandbox/revoke-keys', '') };
    my $once = is_once($cell);
    return completes($cell, 'a listing is one request, and its token new') if $once && $token;
    $revoke->() if $once;
    start($cell, $once ? 0 : 2);
    $revoke->() if !$once;
    my ($status, $found, $err) = finish($cell);
    my $turned_away = counts($cell)->{bad_tokens} + counts($cell)->{bad_keys};
    cmp_ok($turned_away, '>', 0, 'revoked: a request was turned away');
    cmp_ok($turned_away, '<=', 2, 'revoked: and no more than those in flight');
    $cell->{faults} += $turned_away;
    if ($token) {
        is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'revoked: the token is renewed') or diag $err;
        return done($cell, 'revoked');
    }
    is($status, 4, 'revoked: the command stops') or diag $err;
    like($err, qr/credentials|permissions/, 'revoked: and says what to look at');
    cmp_ok(served($cell, $found), '<', $rows, 'revoked: before everybody was served');
    is(($found->{refused} // 0) + ($found->{in_doubt} // 0), 0, 'revoked: nobody is refused or in doubt for it') if $cell->{command} =~ /links|documents/;
    sandbox_control($cell->{sandbox}, 'POST', '/_sandbox/restore-keys', '');
    completes($cell, 'afterwards', left($cell, $found));
}

# One 401. A token that was accepted before is renewed; a new one that is refused, and unknown credentials, stop the command.
sub unauthorized
{
    my ($cell) = @_;
    my $token = $cell->{provider} eq 'kira' && !is_once($cell);
    start($cell, 2) if $token;
    my $struck = strike($cell, 1);
    my ($status, $found, $err) = $token ? finish($cell) : run($cell, 'delivery.in_flight' => 1);
    $struck->('a 401');
    if ($token) {
        is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'a 401: the token is renewed') or diag $err;
        sandbox_faults($cell->{sandbox});
        return done($cell, 'a 401');
    }
    is($status, 4, 'a 401: the command stops') or diag $err;
    like($err, qr/credentials/, 'a 401: and says what to look at');
    is(($found->{refused} // 0) + ($found->{in_doubt} // 0), 0, 'a 401: nobody is refused or in doubt for it') if $cell->{command} =~ /links|documents/;
    completes($cell, 'afterwards', left($cell, $found));
}

# What a provider sends unasked is not taken for the answer of the next request.
sub foreign
{
    my ($cell) = @_;
    local $cell->{case}{set} = {%{$cell->{case}{set}}, 'delivery.burst' => 1, 'delivery.in_flight' => 1};
    my $struck = strike($cell, is_once($cell) ? 1 : 3);
    my ($status, $found, $err) = run($cell);
    $struck->('foreign bytes');
    sandbox_faults($cell->{sandbox});
    # Bytes that arrive when the next request has been sent are read as its answer, as in any HTTP/1.1.
    $cell->{lost} += 3;
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'foreign bytes: the command ends as if nothing had happened') or diag $err;
    done($cell, 'foreign bytes');
}

# All that can be repeated, at once; to a single request three in a row, because its backoffs add up to more than
# delivery.retry_for.
sub combined
{
    my ($cell) = @_;
    my $share = $long ? 4 : 0;
    my @kinds = is_once($cell) ? qw(status-503 drop truncate) : @struck;
    sandbox_faults($cell->{sandbox}, map { ("$_:x1\@$cell->{counted}", $share ? "$_:$share%\@$cell->{counted}" : ()) } @kinds);
    my ($status, $found, $err) = run($cell, 'delivery.attempts' => 30);
    sandbox_faults($cell->{sandbox});
    sleep 2; # the slow ones
    my $faults = counts($cell)->{faults};
    $cell->{faults} += $faults->{$_} // 0 for @struck;
    $cell->{lost} += $faults->{$_} // 0 for qw(drop slow garbage truncate folded-header);
    is("$status " . numbers($cell, $found), '0 ' . all_done($cell), 'combined: the command ends as if nothing had happened') or diag $err;
    done($cell, 'combined');
}

# The end of every cell.
sub conclude
{
    my ($cell) = @_;
    my ($case, $provider) = @$cell{qw(case provider)};
    my $counts = counts($cell);
    is($counts->{users}, $rows, 'the end: no user came or went');
    is($counts->{by_operation}{$_} || 0, $cell->{before}{by_operation}{$_} || 0, "the end: and no $_ was sent") for $cell->{restarted} ? () : qw(create update);
    is("$counts->{duplicates} $counts->{bad_nonces} $counts->{bad_signatures} $counts->{early}", '0 0 0 0', 'the end: no duplicate, bad nonce, bad signature or early request');
    # Where the provider has idempotency keys each need is one link; else an answer that was lost makes one more.
    my $may_repeat = $provider eq 'kira' ? 0 : $cell->{lost};
    if ($cell->{command} eq 'links') {
        cmp_ok($counts->{duplicate_links}, '<=', $may_repeat, "the end: at most $may_repeat links twice");
        is($counts->{links} - $counts->{duplicate_links}, $cell->{needs}, 'the end: a link for each need') if !$cell->{killed};
        my @links = grep { !/^external_id/ } split /\n/, read_file(case_report($case) . '/links.csv');
        is(scalar @links, $cell->{needs}, 'the end: each is in the file once');
        is((stat case_report($case) . '/links.csv')[2] & 07777, 0600, 'the end: for its owner alone');
        my %last = map { my @columns = split /,/; ($columns[1] => $columns[2]) } @links;
        my @users = sort keys %last;
        is(scalar @users, $rows, 'the end: one for each user');
        # A link that is visited moves its own user on.
        my @visited = grep { /[02468ace]$/ } @users;
        is(scalar(grep { eval { sandbox_control($cell->{sandbox}, 'POST', '/_sandbox/visit', $last{$_}); 1 } } @visited), scalar @visited, 'the end: the last one of each can be visited');
        is_deeply([sort map { $_->{id} } grep { $_->{state} ne 'rejected' } sandbox_users($cell->{sandbox}, $provider)], \@visited, 'the end: and is the link of its user');
    } elsif ($cell->{command} eq 'documents') {
        cmp_ok($counts->{duplicate_documents}, '<=', $may_repeat, "the end: at most $may_repeat documents twice");
        is($counts->{documents} - $counts->{duplicate_documents}, $cell->{needs}, 'the end: the provider has each document') if !$cell->{killed};
    }
    my ($created) = map { $_->[0] } case_ledger($case, "SELECT count(*) FROM customer WHERE state = 'created' AND user_id <> ''");
    is_settled($case, 'the end: ledger = provider, and a run sends nothing');
    $cell->{over_limit} += $counts->{over_limit};
    sandbox_stop($cell->{sandbox});
    return {faults => $cell->{faults}, runs => $cell->{runs}, expected => $rows, made => $counts->{users}, duplicates => $counts->{duplicates},
        lost => $rows - $created, over_limit => $cell->{over_limit}};
}

my %kinds = (strike => sub { repeated($_[0]); given_up($_[0]) }, refuse => \&refuse, away => \&away, gone => \&gone, revoked => \&revoked,
    unauthorized => \&unauthorized, foreign => \&foreign, combined => \&combined);
# The cells that the short form leaves to the other provider.
my %is_others = map {
    my ($refresh, $document) = $_ % 2 ? qw(payward kraken-embed) : qw(kraken-embed payward);
    ("$refresh, refresh, $faults[$_]{name}" => 1, "$document, document, $faults[$_]{name}" => 1)
} 0 .. $#faults;
my @cells;
for my $provider (provider_names()) {
    for my $request (@{$requests{$provider}}) {
        my ($operation, $command, $counted, @options) = @$request;
        for my $fault (@faults) {
            my @words = ($provider, $operation, $fault->{name});
            next if grep { my $word = $_; !grep { $_ eq $word } @words } @ARGV;
            next if !$long && !@ARGV && $is_others{join ', ', @words};
            my $cell = {provider => $provider, operation => $operation, command => $command, counted => $counted, options => \@options, fault => $fault};
            push @cells, {name => join(', ', @words), run => sub { prepare($cell); $kinds{$fault->{kind}}->($cell); conclude($cell) }};
        }
    }
}

my $began = time;
my @figures = grep { $_ } cells_run($at_once, @cells);
my %sum = map { my $column = $_; my $sum = 0; $sum += $_->{$column} for @figures; ($column => $sum) } proof_columns();
proof_add('fault matrix, after the create', %sum);
note sprintf '%d cells in %.1f s; %s', scalar @cells, time - $began, join ', ', map { "$_ $sum{$_}" } proof_columns();
is($sum{$_}, 0, "no $_ in all") for qw(duplicates lost over_limit);
is($sum{made}, $sum{expected}, 'as many users as rows');
done_testing;
