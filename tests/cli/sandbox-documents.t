#!/usr/bin/perl
# kyc-sandbox: what is done for a user that exists: documents at payward and kraken-embed, links at kira.
use strict;
use warnings;
use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use KycTest;
use MIME::Base64 qw(encode_base64);
use Test::More;
use Time::HiRes qw(sleep);

my $json = JSON::PP->new->utf8->canonical;
my %bytes = (jpg => "\xff\xd8\xff\xe0 front", png => "\x89PNG\r\n\x1a\n back", pdf => "%PDF-1.7 a bill");

sub escaped { my ($id) = @_; $id =~ s/ /%20/g; return $id; }

# STATUS CODE FIELD of the first fault
sub fault_of
{
    my ($answer) = @_;
    my $error = $answer->{json}{error};
    my $list = $answer->{json}{errors} || $answer->{json}{details} || (ref $error eq 'HASH' ? $error->{details} || [$error] : [{}]);
    return join ' ', $answer->{status}, grep { defined && length } @{$list->[0]}{qw(code field path)};
}

sub metadata
{
    my ($identity, %more) = @_;
    return {
        identity => {full_name => {first_name => 'Alex', last_name => 'Morgan'}, %$identity},
        document_type => 'id_card', document_number => 'A1234567', issuing_country => 'AD',
        verifier => 'example', verified_at => '2023-03-13T12:34:56Z', %more,
    };
}

my %api = (
    payward => {
        create => sub { signed_request($_[0], 'POST', '/payward/v1/users', payward_body($_[1]))->{json}{data}{id} },
        path => sub { "/payward/v1/users/$_[0]/verifications/url" },
        identity => {birth => {date => '1990-04-15'}}, date => 'metadata.identity.birth.date',
        set => sub { my ($body, $date) = @_; $body->{metadata}{identity}{birth}{date} = $date; },
        done => sub { $_[0]->{json}{data}{verification_id} },
        state => sub { signed_request($_[0], 'GET', "/payward/v1/users/$_[1]")->{json}{data}{status}{required_actions}[0]{action_type} },
    },
    'kraken-embed' => {
        create => sub { signed_request($_[0], 'POST', '/kraken-embed/b2b/users', kraken_body($_[1]))->{json}{result}{user} },
        path => sub { '/kraken-embed/b2b/verifications/' . escaped($_[0]) . '/url' },
        identity => {date_of_birth => '1990-04-15'}, date => 'metadata.identity.date_of_birth',
        set => sub { my ($body, $date) = @_; $body->{metadata}{identity}{date_of_birth} = $date; },
        done => sub { $_[0]->{json}{result}{verification_id} },
        state => sub { signed_request($_[0], 'GET', '/kraken-embed/b2b/users/' . escaped($_[1]))->{json}{result}{status}{required_actions}[0]{action_type} },
    },
);

for my $provider (sort keys %api) {
    my $api = $api{$provider};
    my $body = sub {
        my (%more) = @_;
        return {type => 'identity_document', metadata => metadata($api->{identity}),
            front_url => 'https://files.example.com/a/front.png?X-Amz-Signature=1', %more};
    };
    subtest "$provider: documents by URL" => sub {
        my $folder = scratch_folder();
        my $sb = sandbox_start('--state', "$folder/state");
        my $id = $api->{create}->($sb, 'c-1');
        my $post = sub { signed_request($sb, 'POST', $api->{path}->($id), @_) };
        my $count = sub { join ' ', @{sandbox_counts($sb)->{$provider}}{qw(documents duplicate_documents)} };
        sandbox_control($sb, 'POST', "/_sandbox/verification?api=$provider&user=" . escaped($id) . '&state=needs_action', '');
        my $answer = $post->($body->(back_url => 'https://files.example.com/a/back.JPG'));
        is $answer->{status}, 200, 'two sides are accepted';
        like $api->{done}->($answer), qr/^ver_[0-9A-Z]{20}$/, 'the answer has the id of the verification';
        is $count->(), '2 0', 'both are counted';
        is $api->{state}->($sb, $id), 'wait', 'the user needs no action any more';
        $post->($body->(front_url => 'https://files.example.com/a/front.png?X-Amz-Signature=2'));
        is $count->(), '3 1', 'the same under another signature is a duplicate';
        $post->($body->(front_url => 'https://files.example.com/b/front.png'));
        is $count->(), '4 1', 'another file is none';
        my $other = $api->{create}->($sb, 'c-2');
        signed_request($sb, 'POST', $api->{path}->($other), $body->());
        is $count->(), '5 1', 'nor the same of another user';
        sandbox_kill($sb);
        $sb = sandbox_start('--state', "$folder/state");
        is $count->(), '5 1', 'documents outlive kill -9';
        $post->($body->());
        is $count->(), '6 2', 'and are known as duplicates';

        my $edited = sub { my ($edit) = @_; my $copy = $json->decode($json->encode($body->())); $edit->($copy); return $copy; };
        my @good = (
            ['a residence', type => 'residence_document', front_url => undef, document_url => 'https://files.example.com/bill.pdf'],
            ['a selfie', type => 'selfie', front_url => undef, selfie_url => 'https://files.example.com/me.webm'],
            ['a passport', metadata => metadata($api->{identity}, document_type => 'passport')],
            ['all of the metadata', metadata => metadata($api->{identity}, nationality => 'US', expiration_date => '2030-05-15',
                    external_verification_id => 'x')],
        );
        for my $case (@good) {
            my ($sentence, %more) = @$case;
            my $full = $body->(%more);
            delete @$full{grep { !defined $full->{$_} } keys %$full};
            is $post->($full)->{status}, 200, "$sentence: 200";
        }
        my $url = 'https://files.example.com/';
        my @bad = (
            ['an unknown member', '400 unknown_member note', sub { $_[0]{note} = 'x' }],
            ['no type', '400 required type', sub { delete $_[0]{type} }],
            ['another type', '422 invalid_option type', sub { $_[0]{type} = 'passport' }],
            ['no metadata', '400 required metadata', sub { delete $_[0]{metadata} }],
            ['no front', '422 required front_url', sub { delete $_[0]{front_url} }],
            ['http', '422 invalid_format front_url', sub { $_[0]{front_url} = 'http://files.example.com/front.png' }],
            ['no file name', '422 invalid_format front_url', sub { $_[0]{front_url} = $url }],
            ['a name without an extension', '422 invalid_format front_url', sub { $_[0]{front_url} = "${url}front" }],
            ['an extension in the query', '422 invalid_format front_url', sub { $_[0]{front_url} = "${url}front?a=b.png" }],
            ['another kind', '422 invalid_format front_url', sub { $_[0]{front_url} = "${url}front.html" }],
            ['a URL of 4097', '422 invalid_format front_url', sub { $_[0]{front_url} = "${url}front.png?" . 'x' x 4061 }],
            ['a back of a passport', '422 unknown_member back_url',
                sub { $_[0]{metadata}{document_type} = 'passport'; $_[0]{back_url} = "${url}back.png" }],
            ['a selfie among them', '422 unknown_member selfie_url', sub { $_[0]{selfie_url} = "${url}me.png" }],
            ['another document type', '422 invalid_option metadata.document_type', sub { $_[0]{metadata}{document_type} = 'ssn' }],
            ['no number', '422 invalid_format metadata.document_number', sub { $_[0]{metadata}{document_number} = '' }],
            ['a country of three letters', '422 invalid_format metadata.issuing_country', sub { $_[0]{metadata}{issuing_country} = 'AND' }],
            ['a date for a time', '422 invalid_format metadata.verified_at', sub { $_[0]{metadata}{verified_at} = '2023-03-13' }],
            ['a birth date that is none', "422 invalid_format $api->{date}", sub { $api->{set}->($_[0], '1990-02-30') }],
            ['an expiry with a time', '422 invalid_format metadata.expiration_date',
                sub { $_[0]{metadata}{expiration_date} = '2030-05-15T00:00:00Z' }],
            (map { my $member = $_; ["no $member", "400 required metadata.$member", sub { delete $_[0]{metadata}{$member} }] }
                qw(identity document_type document_number issuing_country verifier verified_at)),
        );
        my $before = $count->();
        for my $case (@bad) {
            my ($sentence, $fault, $edit) = @$case;
            is fault_of($post->($edited->($edit))), $fault, "$sentence: $fault";
        }
        is length("${url}front.png?" . 'x' x 4060), 4096, 'a URL of 4096';
        is $post->($edited->(sub { $_[0]{front_url} = "${url}front.png?" . 'x' x 4060 }))->{status}, 200, 'is fine';
        is signed_request($sb, 'POST', $api->{path}->('AA45N8G4MLDYWAR7'), $body->())->{status}, 404, 'an unknown user is 404';
        is signed_request($sb, 'GET', $api->{path}->($id))->{status}, 404, 'a document cannot be read';
        is $count->() =~ s/ .*//r, ($before =~ s/ .*//r) + 1, 'nothing of what was refused is counted';
        for my $fault (qw(status-500 status-503 status-429 reset drop garbage truncate)) {
            sandbox_faults($sb, "$fault:x1\@document");
            is $api->{done}->($post->($body->())), undef, "$fault strikes documents";
        }
        is sandbox_counts($sb)->{$provider}{by_operation}{document}, 1 + @good + @bad + 2 + 7, 'they are an operation of their own';
        sandbox_stop($sb);
    };
}

# A form: ([name, content, file, type], ...)
sub form
{
    my ($boundary, @parts) = @_;
    my $text = '';
    for (@parts) {
        my ($name, $content, $file, $type) = @$_;
        $text .= "--$boundary\r\nContent-Disposition: form-data; name=\"$name\"" . (defined $file ? "; filename=\"$file\"" : '') . "\r\n";
        $text .= "Content-Type: $type\r\n" if defined $type;
        $text .= "\r\n$content\r\n";
    }
    return "$text--$boundary--\r\n";
}

subtest 'kraken-embed: documents in a form' => sub {
    my $sb = sandbox_start();
    my $id = $api{'kraken-embed'}{create}->($sb, 'c-1');
    my $post = sub {
        my ($body, %option) = @_;
        return signed_request($sb, 'POST', '/kraken-embed/b2b/verifications/' . escaped($id), $body,
            content_type => 'multipart/form-data; boundary=b-1', %option);
    };
    my $count = sub { join ' ', @{sandbox_counts($sb)->{'kraken-embed'}}{qw(documents duplicate_documents)} };
    my $meta = $json->encode(metadata({date_of_birth => '1990-04-15'}));
    my @head = (['type', 'identity_document'], ['metadata', $meta, undef, 'application/json']);
    my $front = ['front', $bytes{jpg}, 'front.jpg', 'image/jpeg'];
    my $answer = $post->(form('b-1', @head, $front, ['back', $bytes{png}, 'back.png', 'image/png']));
    is $answer->{status}, 200, 'two files are accepted';
    like $answer->{json}{result}{verification_id}, qr/^ver_/, 'with the id of the verification';
    is $count->(), '2 0', 'and counted';
    is $post->(form('b-1', @head, $front), content_type => 'multipart/form-data; boundary="b-1"')->{status}, 200, 'a boundary in quotes';
    is $count->(), '3 1', 'the same bytes are a duplicate';
    $post->(form('b-1', @head, ['front', "$bytes{jpg}.", 'front.jpg', 'image/jpeg']));
    is $count->(), '4 1', 'other bytes are none';
    is $post->(form('b-1', ['type', 'residence_document'], $head[1], ['document', $bytes{pdf}, 'bill.pdf', 'application/pdf']))->{status},
        200, 'a PDF of a residence';
    is $post->(form('b-1', ['type', 'selfie'], $head[1], ['selfie', $bytes{jpg}, 'me.jpeg', 'image/jpeg']))->{status}, 200, 'a selfie';
    is $post->(form('b-1', @head, ['front', $bytes{jpg} . 'x' x 3_000_000, 'front.jpg', 'image/jpeg']))->{status}, 200, '3 MB are fine';

    my $before = $count->();
    my @bad = (
        ['no parts', '400 malformed_form', "--b-1--\r\n"],
        ['no end', '400 malformed_form', form('b-1', @head, $front) =~ s/--\r\n\z//r],
        ['bytes behind it', '400 malformed_form', form('b-1', @head, $front) . 'x'],
        ['bytes before it', '400 malformed_form', 'x' . form('b-1', @head, $front)],
        ['another boundary', '400 malformed_form', form('b-2', @head, $front)],
        ['JSON', '400 malformed_form', $meta],
        ['a part twice', '400 malformed_form', form('b-1', @head, $front, $front)],
        ['metadata that is no JSON', '400 malformed_form', form('b-1', $head[0], ['metadata', '{'], $front)],
        ['no metadata', '400 required metadata', form('b-1', $head[0], $front)],
        ['an unknown part', '400 unknown_member note', form('b-1', @head, $front, ['note', 'x'])],
        ['no front', '422 required front', form('b-1', @head)],
        ['a front that is no file', '422 invalid_file', form('b-1', @head, ['front', $bytes{jpg}])],
        ['a PNG as a JPEG', '422 invalid_file', form('b-1', @head, ['front', $bytes{png}, 'front.jpg', 'image/jpeg'])],
        ['a name of another kind', '422 invalid_file', form('b-1', @head, ['front', $bytes{jpg}, 'front.png', 'image/jpeg'])],
        ['another kind', '422 invalid_file', form('b-1', @head, ['front', 'some text', 'front.txt', 'text/plain'])],
        ['a selfie among them', '422 unknown_member selfie', form('b-1', @head, $front, ['selfie', $bytes{jpg}, 'a.jpg', 'image/jpeg'])],
    );
    for my $case (@bad) {
        my ($sentence, $fault, $body) = @$case;
        is fault_of($post->($body)), $fault, "$sentence: $fault";
    }
    is $post->(form('b-1', @head, $front), content_type => 'application/json')->{status}, 400, 'another content type is refused';
    is $post->(form('b-1', @head, $front), headers => {'Payward-Version' => 'x'})->{status}, 400, 'the version is required';
    is $post->(form('b-1', @head, $front), sign => 'x')->{status}, 401, 'and the signature of the form';
    is $count->(), $before, 'nothing of what was refused is counted';
    sandbox_faults($sb, 'drop:x1@document');
    is $post->(form('b-1', @head, $front))->{status}, 599, 'faults strike forms';
    isnt $count->(), $before, 'drop: after the work';
    sandbox_stop($sb);
};

subtest 'kira: links of a user that exists' => sub {
    my $folder = scratch_folder();
    my $sb = sandbox_start('--state', "$folder/state");
    my ($id, $other) = map { kira_request($sb, 'POST', '/v1/users', kira_body("c-$_"), key => "u-$_")->{json}{id} } 1, 2;
    my %good = (type => 'embedded-link', redirect_uri => 'https://example.com/done');
    my $post = sub { my ($body, %option) = @_; kira_request($sb, 'POST', "/v1/users/$id/verifications", $body, %option) };
    my $count = sub { join ' ', @{sandbox_counts($sb)->{kira}}{qw(links duplicate_links replays)} };
    my $first = $post->(\%good, key => 'l-1');
    is $first->{status}, 201, 'a link is made';
    like $first->{json}{verification_link}, qr{^https://verify\.example/kira/}, 'and answered';
    is $first->{json}{user_id}, $id, 'with its user';
    my $again = $post->(\%good, key => 'l-1');
    is "$again->{status} $again->{json}{verification_link}", "200 $first->{json}{verification_link}", 'the same key gives the same link';
    is $count->(), '1 0 1', 'and makes none';
    is fault_of($post->({type => 'embedded-link'}, key => 'l-1')), '409', 'another body with the key is refused';
    is kira_request($sb, 'POST', "/v1/users/$other/verifications", \%good, key => 'l-1')->{status}, 409, 'and another user';
    is $post->(\%good, key => 'u-1')->{status}, 409, 'and the key of a create';
    is $post->(\%good, headers => {'Idempotency-Key' => undef})->{status}, 400, 'a key is required';
    is $post->(\%good, headers => {'X-Api-Version' => undef})->{status}, 400, 'and the version';
    sandbox_kill($sb);
    $sb = sandbox_start('--state', "$folder/state");
    is $post->(\%good, key => 'l-1')->{json}{verification_link}, $first->{json}{verification_link}, 'keys outlive kill -9';
    isnt $post->(\%good, key => 'l-2')->{json}{verification_link}, $first->{json}{verification_link}, 'another key makes another';
    is $count->(), '2 1 1', 'which is a duplicate';
    sandbox_control($sb, 'POST', "/_sandbox/verification?api=kira&user=$id&state=rejected", '');
    is $post->({type => 'embedded-link'}, key => 'l-3')->{status}, 201, 'a rejected user gets a new one, without a redirect_uri, too';
    is $count->(), '3 1 1', 'which is none';
    for (['no type', '400 required type', {}], ['another type', '422 invalid_option type', {type => 'api'}],
        ['an unknown member', '400 unknown_member verification_mode', {%good, verification_mode => 'automatic'}],
        ['a script', '422 invalid_format redirect_uri', {%good, redirect_uri => 'javascript:alert(1)'}]) {
        my ($sentence, $fault, $body) = @$_;
        is fault_of($post->($body)), $fault, "$sentence: $fault";
    }
    is kira_request($sb, 'POST', '/v1/users/x/verifications', \%good)->{status}, 404, 'an unknown user is 404';
    is kira_request($sb, 'GET', "/v1/users/$id/verifications")->{status}, 403, 'links cannot be read';
    sandbox_control($sb, 'POST', "/_sandbox/verify/$id", '');
    is fault_of($post->(\%good)), '422', 'a verified user needs no link';
    is $count->(), '3 1 1', 'none of these made one';
    for my $fault (qw(status-500 status-429 reset drop garbage truncate)) {
        sandbox_faults($sb, "$fault:x1\@link");
        is kira_request($sb, 'POST', "/v1/users/$other/verifications", \%good)->{json}{verification_link}, undef, "$fault strikes links";
    }
    is $count->(), '6 3 1', 'drop, garbage and truncate after the work';
    sandbox_stop($sb);
};

subtest 'kira: documents in the create' => sub {
    my $sb = sandbox_start();
    my $data = sub { "data:$_[0];base64," . encode_base64($_[1], '') };
    my @three = (
        {type => 'ssn', issuing_country => 'USA', number => '123-45-6789'},
        {type => 'passport', issuing_country => 'MEX', number => 'G1', expiration => '2030-05-15', documents => [
                {type => 'front', file => $data->('image/jpeg', $bytes{jpg})}, {type => 'back', file => $data->('image/png', $bytes{png})},
                {type => 'selfie', file => 'https://files.example.com/me.jpg'}]},
        {type => 'utility_bill', documents => [{type => 'file_proof_of_address', file => $data->('application/pdf', $bytes{pdf})}]},
    );
    my $create = sub { kira_request($sb, 'POST', '/v1/users', kira_body(@_)) };
    is $create->('c-1', identifying_information => \@three, kyc_id => 'k-1', government_document_type => 'passport',
        additional_info => {has_us_bank_account => 'yes', note => 'a text'})->{status}, 201, 'three documents, and the fields beside them';
    my $side = sub { my ($type, $file) = @_; return [{type => 'passport', documents => [{type => $type, file => $file}]}] };
    my $at = 'identifying_information.0.documents.0';
    my @bad = (
        ['another side', "422 invalid_option $at.type", identifying_information => $side->('left', 'https://example.com/a.jpg')],
        ['a PNG as a JPEG', "422 invalid_format $at.file", identifying_information => $side->('front', $data->('image/jpeg', $bytes{png}))],
        ['http', "422 invalid_format $at.file", identifying_information => $side->('front', 'http://example.com/a.jpg')],
        ['a document without a type', '400 required identifying_information.0.type', identifying_information => [{number => 'G1'}]],
        ['true for yes', '422 invalid_format additional_info.has_us_bank_account', additional_info => {has_us_bank_account => 'true'}],
        ['a Boolean', '400 invalid_type additional_info.has_us_bank_account', additional_info => {has_us_bank_account => JSON::PP::true}],
    );
    for my $case (@bad) {
        my ($sentence, $fault, %more) = @$case;
        is fault_of($create->('bad', %more)), $fault, "$sentence: $fault";
    }
    sandbox_stop($sb);
};

done_testing;
